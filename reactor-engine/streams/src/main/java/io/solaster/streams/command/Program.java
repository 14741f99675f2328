package io.solaster.streams.command;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.solaster.log.Generation;
import io.solaster.log.LogProgram;
import io.solaster.streams.topic.RecordText;

/** One run of the command: that for logs, of the log in which a topic is. */
final class Program {
    private static final String TO = "--to=";

    private final PrintStream out;
    private final PrintStream err;

    Program(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    int run(String... arguments) {
        if (arguments.length < 2) {
            return logs(arguments);
        }
        try {
            Generation topic = Generation.newest(Path.of(arguments[1]));
            if (topic.generation() == 0) {
                err.println(arguments[1] + " holds no topic: there is no directory 'generation-N' with an empty file"
                        + " 'shards-N' in it; give that of a topic");
                return 2;
            }
            String[] passed = arguments.clone();
            passed[1] = topic.log().toString();
            int to = to(arguments);
            return to < 0 ? logs(passed) : repair(topic, to, passed);
        } catch (InvalidPathException e) {
            err.println("'" + e.getInput() + "' is no path: " + e.getReason());
            return 2;
        } catch (IOException e) {
            err.println("It could not be done: " + e);
            return 2;
        }
    }

    /** The copy of the log is put where a topic has its own. */
    private int repair(Generation topic, int to, String... passed) throws IOException {
        Path root = Path.of(passed[to].substring(TO.length()));
        if (Files.exists(root)) {
            err.println(root + " is there already; give a directory that is not");
            return 2;
        }
        Generation copy = new Generation(root, 1, topic.shards());
        passed[to] = TO + copy.log();
        int result = logs(passed);
        if (result != 2) {
            copy.mark();
        }
        return result;
    }

    private int logs(String... arguments) {
        return LogProgram.run(out, err, "solaster-streams.jar", Lines::new, arguments);
    }

    /** @param most so many bytes of a key, and of a value, are shown */
    private record Lines(int most) implements LogProgram.Records {
        @Override
        public void tell(long sequence, int kind, ByteBuf payload, Consumer<String> about, Consumer<String> line) {
            String words = RecordText.of(kind, payload, most);
            if (words != null) {
                about.accept(": " + words);
            }
        }

        @Override
        public void close() {
            // It keeps nothing.
        }
    }

    /** Where the copy's directory is said, for the last time; -1 where none is. */
    private static int to(String... arguments) {
        int to = -1;
        for (int i = 2; arguments[0].equals("repair") && i < arguments.length; i++) {
            if (arguments[i].startsWith(TO) && arguments[i].length() > TO.length()) {
                to = i;
            }
        }
        return to;
    }
}
