package io.solaster.log.command;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntFunction;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.solaster.log.format.Damage;
import io.solaster.log.format.LogNames;
import io.solaster.log.format.LogScan;
import io.solaster.log.format.PathSegments;
import io.solaster.log.format.SegmentHeader;
import io.solaster.log.format.SegmentReader;
import org.jspecify.annotations.Nullable;

/** One run of the command. */
public final class Program {
    private static final String USAGE = """
            java -jar JAR check DIRECTORY
                reads all of a log and says what it holds, and what is wrong with it
            java -jar JAR print DIRECTORY [--shard=N] [--from=SEQUENCE] [--bytes=N]
                prints its records, with the first N bytes of each, 64 by default
            java -jar JAR repair DIRECTORY --to=COPY
                writes a copy of what is before the damage, and says what is not in it; changes nothing else
            Ends with 0 if the log is whole, with 1 if it is damaged, with 2 if the command makes no sense.""";

    private final PrintStream out;
    private final PrintStream err;
    private final String usage;
    private final IntFunction<? extends RecordLines> records;

    /** Of records of which nobody knows what they say. */
    Program(PrintStream out, PrintStream err) {
        this(out, err, "solaster-log.jar", RawRecords::new);
    }

    /**
     * @param jar what the usage calls the program
     * @param records makes what says what the records of one shard hold; it is given how many bytes to show of each string
     */
    public Program(PrintStream out, PrintStream err, String jar, IntFunction<? extends RecordLines> records) {
        this.out = out;
        this.err = err;
        this.usage = USAGE.replace("JAR", jar);
        this.records = records;
    }

    /** The command makes no sense, or cannot be done. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    /**
     * What was asked for.
     *
     * @param shard the one to print; -1 for all
     */
    private record Asked(String verb, Path directory, int shard, long from, int bytes, @Nullable Path to) {}

    /** Ends with 0 if all is well, with 1 if the log is damaged, with 2 if the command makes no sense. */
    public int run(String... arguments) {
        try {
            Asked asked = read(arguments);
            SortedMap<Integer, Path> shards = shards(asked.directory());
            boolean used = isUsed(asked.directory());
            if (used && asked.verb().equals("repair")) {
                throw new Refused("a process has " + asked.directory() + " open; stop it before");
            }
            if (used) {
                err.println("A process has " + asked.directory()
                        + " open: what it writes at this moment may look like a torn tail");
            }
            return switch (asked.verb()) {
                case "check" -> check(shards);
                case "print" -> print(shards, asked);
                default -> repair(shards, asked);
            };
        } catch (Refused refused) {
            err.println(refused.getMessage());
            return 2;
        } catch (IOException failure) {
            err.println("It could not be read: " + failure);
            return 2;
        }
    }

    private Asked read(String... arguments) {
        if (arguments.length < 2 || !List.of("check", "print", "repair").contains(arguments[0])) {
            throw new Refused(usage);
        }
        int shard = -1;
        long from = 0;
        int bytes = 64;
        Path to = null;
        try {
            for (int i = 2; i < arguments.length; i++) {
                String argument = arguments[i];
                String value = argument.substring(argument.indexOf('=') + 1);
                String option = arguments[0] + " " + argument.substring(0, Math.max(0, argument.indexOf('=')));
                switch (option) {
                    case "print --shard" -> shard = Integer.parseInt(value);
                    case "print --from" -> from = Long.parseLong(value);
                    case "print --bytes" -> bytes = Integer.parseInt(value);
                    case "repair --to" -> to = Path.of(value);
                    default -> throw new Refused("'" + argument + "' is no option of " + arguments[0] + "\n" + usage);
                }
            }
            if (arguments[0].equals("repair") && to == null) {
                throw new Refused("repair writes a copy: give --to=COPY, a directory that is not there yet");
            }
            return new Asked(arguments[0], Path.of(arguments[1]), shard, from, bytes, to);
        } catch (NumberFormatException e) {
            throw new Refused("no number: " + e.getMessage() + "\n" + usage);
        } catch (InvalidPathException e) {
            throw new Refused("'" + e.getInput() + "' is no path: " + e.getReason());
        }
    }

    private static SortedMap<Integer, Path> shards(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new Refused(directory + " is no directory; give that of a log");
        }
        SortedMap<Integer, Path> shards = new TreeMap<>();
        for (String name : new PathSegments().list(directory)) {
            LogNames.shardOf(name).ifPresent(shard -> shards.put(shard, directory.resolve(name)));
        }
        if (shards.isEmpty()) {
            throw new Refused(directory + " holds no log: there is no directory 'shard-0' in it");
        }
        return shards;
    }

    private static boolean isUsed(Path directory) throws IOException {
        Path lock = directory.resolve(LogNames.LOCK);
        if (!Files.isWritable(lock)) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE)) {
            return channel.tryLock() == null;
        } catch (OverlappingFileLockException here) {
            return true;
        }
    }

    private static LogScan.Found scan(int shard, Path directory, LogScan.Visitor visitor) throws IOException {
        try {
            return new LogScan(directory, new PathSegments(), shard, 0).run(visitor);
        } catch (IOException | RuntimeException failure) {
            throw failure;
        } catch (Exception never) {
            throw new IOException(never);
        }
    }

    private int check(SortedMap<Integer, Path> shards) throws IOException {
        int damaged = 0;
        for (var each : shards.entrySet()) {
            Summary summary = new Summary();
            try {
                LogScan.Found found = scan(each.getKey(), each.getValue(), summary);
                out.println("shard " + each.getKey() + ": whole; " + summary);
                tellTail(found);
            } catch (Damage damage) {
                damaged++;
                out.println("shard " + each.getKey() + ": DAMAGED; before that " + summary);
                out.println("  " + damage.getMessage());
            }
        }
        return damaged == 0 ? 0 : 1;
    }

    private void tellTail(LogScan.Found found) {
        SegmentReader.Tail tail = found.tail();
        if (tail != null) {
            out.println("  a torn tail of " + tail.bytes() + " bytes in " + found.segments().getLast().file()
                    + " from byte " + tail.at() + " on, with " + tail.records()
                    + " whole records: never synced, and cut at the next start");
        }
        if (found.unborn() != null) {
            out.println("  " + found.unborn() + " was never finished, and is deleted at the next start");
        }
        found.outdated().forEach(
                each -> out.println("  " + each + " is not needed any more, and is deleted at the next start"));
    }

    private int print(SortedMap<Integer, Path> shards, Asked asked) throws IOException {
        int damaged = 0;
        for (var each : shards.entrySet()) {
            if (asked.shard() >= 0 && asked.shard() != each.getKey()) {
                continue;
            }
            try (RecordLines lines = records.apply(Math.max(0, asked.bytes()))) {
                tellTail(scan(each.getKey(), each.getValue(), (sequence, epoch, kind, payload) -> {
                    boolean wanted = sequence >= asked.from();
                    StringBuilder line = new StringBuilder("shard ").append(each.getKey()).append(" record ")
                            .append(sequence).append(" epoch ").append(epoch).append(" kind ").append(kind)
                            .append(" bytes ").append(payload.readableBytes());
                    lines.tell(sequence, kind, payload, wanted ? line::append : none -> {}, wanted
                            ? text -> {
                                flush(line);
                                out.println("    " + text);
                            }
                            : none -> {});
                    if (wanted) {
                        flush(line);
                    }
                }));
            } catch (Damage damage) {
                damaged++;
                out.println("shard " + each.getKey() + ": DAMAGED: " + damage.getMessage());
            }
        }
        return damaged == 0 ? 0 : 1;
    }

    private void flush(StringBuilder line) {
        if (!line.isEmpty()) {
            out.println(line);
            line.setLength(0);
        }
    }

    /** As text where it is one, else as hexadecimal numbers. */
    private record RawRecords(int most) implements RecordLines {
        @Override
        public void tell(long sequence, int kind, ByteBuf payload, Consumer<String> about, Consumer<String> line) {
            int count = Math.min(most, payload.readableBytes());
            if (count <= 0) {
                return;
            }
            String more = count < payload.readableBytes() ? "..." : "";
            for (int i = 0; i < count; i++) {
                byte each = payload.getByte(payload.readerIndex() + i);
                if (each < ' ' || each > '~') {
                    about.accept(" 0x" + ByteBufUtil.hexDump(payload, payload.readerIndex(), count) + more);
                    return;
                }
            }
            about.accept(" '" + payload.toString(payload.readerIndex(), count, StandardCharsets.US_ASCII) + "'" + more);
        }

        @Override
        public void close() {
            // It keeps nothing.
        }
    }

    private int repair(SortedMap<Integer, Path> shards, Asked asked) throws IOException {
        Path to = asked.to();
        if (to == null || Files.exists(to)) {
            throw new Refused(to + " is there already; give a directory that is not");
        }
        Files.createDirectories(to);
        int damaged = 0;
        for (var each : shards.entrySet()) {
            Path copy = Files.createDirectory(to.resolve(LogNames.shard(each.getKey())));
            Summary summary = new Summary();
            try {
                LogScan.Found found = scan(each.getKey(), each.getValue(), summary);
                copy(summary.files, found.end(), copy);
                out.println("shard " + each.getKey() + ": whole, and copied; " + summary);
                tellTail(found);
            } catch (Damage damage) {
                damaged++;
                boolean within = !summary.files.isEmpty() && summary.files.getLast().equals(damage.file());
                copy(summary.files, within ? damage.offset() : Long.MAX_VALUE, copy);
                out.println("shard " + each.getKey() + ": DAMAGED; copied is what was before that: " + summary);
                out.println("  " + damage.getMessage());
                tellLeftOut(each.getValue(), summary, within ? damage.offset() : -1);
            }
        }
        out.println(damaged == 0
                ? "Nothing was damaged; the copy in " + to + " is the same log"
                : "The copy in " + to + " can be opened; the log itself is as it was");
        return damaged == 0 ? 0 : 1;
    }

    /** Copies segments, of the last one so many bytes. */
    private static void copy(List<Path> files, long end, Path to) throws IOException {
        for (Path each : files) {
            Path copy = to.resolve(String.valueOf(each.getFileName()));
            Files.copy(each, copy);
            try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                if (each.equals(files.getLast())) {
                    channel.truncate(Math.max(end, SegmentHeader.DATA));
                }
                channel.force(true);
            }
        }
    }

    /** How many whole records are behind the damage. */
    private void tellLeftOut(Path directory, Summary summary, long end) throws IOException {
        long records = 0;
        for (String name : LogNames.segments(new PathSegments().list(directory))) {
            Path file = directory.resolve(name);
            boolean last = !summary.files.isEmpty() && file.equals(summary.files.getLast());
            if (last && end < 0 || !last && summary.files.contains(file)) {
                continue;
            }
            records += SegmentReader.count(file, new PathSegments(), last ? end : SegmentHeader.DATA, summary.salt);
        }
        out.println("  NOT in the copy: " + records + " whole records behind the damage, and what is damaged");
    }

    /** What was read so far. */
    private static final class Summary implements LogScan.Visitor {
        private final List<Path> files = new ArrayList<>();
        private long first;
        private long last;
        private long bytes;
        private long salt;

        @Override
        public void segment(Path file, SegmentHeader header) {
            files.add(file);
            salt = header.salt();
        }

        @Override
        public void record(long sequence, long epoch, int kind, ByteBuf payload) {
            first = first == 0 ? sequence : first;
            last = sequence;
            bytes += payload.readableBytes();
        }

        @Override
        public String toString() {
            return last == 0
                    ? files.size() + " segments without a record"
                    : String.format(Locale.ROOT, "records %d to %d in %d segments, %d bytes of payload", first, last,
                            files.size(), bytes);
        }
    }
}
