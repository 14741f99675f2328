package io.solaster.log;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

import io.netty.buffer.ByteBuf;
import io.solaster.log.command.Program;
import io.solaster.log.command.RecordLines;

/**
 * The command that prints, checks and repairs a log that lies on the disk, for a program that knows what its records say. It
 * needs no engine. Any thread but a shard's, since it reads files.
 */
public final class LogProgram {
    /** Says what the records of one shard's log hold, which come in their order. On the thread that runs the command. */
    public interface Records extends AutoCloseable {
        /**
         * Says what a record holds.
         *
         * @param kind as the record's writer gave it
         * @param payload until this returns; the caller releases it
         * @param about takes what is added to the line that names the record; before the first of the lines
         * @param line takes each line below that one
         */
        void tell(long sequence, int kind, ByteBuf payload, Consumer<String> about, Consumer<String> line);

        /** No record follows. */
        @Override
        void close();
    }

    private LogProgram() {}

    /**
     * Runs the command.
     *
     * @param jar what its usage calls the program, such as {@code solaster-store.jar}
     * @param records makes what says what the records of one shard hold; it is given how many bytes to show of each string
     * @param arguments {@code print}, {@code check} or {@code repair}, the directory, and options
     * @return 0 if all is well, 1 if the log is damaged, 2 if the arguments make no sense or it cannot be read
     */
    public static int run(PrintStream out, PrintStream err, String jar, IntFunction<? extends Records> records,
            String... arguments) {
        return new Program(out, err, jar, bytes -> adapt(records.apply(bytes))).run(arguments);
    }

    /**
     * Bytes as text between quotation marks, all but printable ones of ASCII as {@code \xNN}. Any thread.
     *
     * @param length how many there are
     * @param most how many of them are shown
     * @param bytes gives the byte of an index, of which the lowest eight bits count
     */
    public static String quoted(int length, int most, IntUnaryOperator bytes) {
        int shows = Math.clamp(most, 0, length);
        StringBuilder text = new StringBuilder(shows + 16).append('"');
        for (int i = 0; i < shows; i++) {
            int each = bytes.applyAsInt(i) & 0xff;
            switch (each) {
                case '"', '\\' -> text.append('\\').append((char) each);
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (each < ' ' || each > '~') {
                        text.append(String.format(Locale.ROOT, "\\x%02x", each));
                    } else {
                        text.append((char) each);
                    }
                }
            }
        }
        text.append('"');
        return shows == length ? text.toString() : text.append("... (").append(length).append(" bytes)").toString();
    }

    private static RecordLines adapt(Records records) {
        return new RecordLines() {
            @Override
            public void tell(long sequence, int kind, ByteBuf payload, Consumer<String> about, Consumer<String> line) {
                records.tell(sequence, kind, payload, about, line);
            }

            @Override
            public void close() {
                records.close();
            }
        };
    }
}
