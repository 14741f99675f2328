package io.solaster.store.program;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

import io.netty.buffer.ByteBuf;
import io.solaster.log.Generation;
import io.solaster.log.LogProgram;
import io.solaster.resp.Reply;
import io.solaster.store.persist.RecordText;
import io.solaster.store.rdb.Crc64;
import io.solaster.store.rdb.DumpTypes;
import io.solaster.store.rdb.file.RdbException;
import io.solaster.store.rdb.file.RdbFile;
import io.solaster.store.rdb.file.SomeKeys;
import org.jspecify.annotations.Nullable;

/** One run of the command. */
final class Program {
    private static final String USAGE = """
            java -jar solaster-store.jar check FILE
                reads all of a file that Redis has written (dump.rdb) and says what it holds
            java -jar solaster-store.jar import FILE --to=HOST:PORT [--user=NAME] [--tls] [--replace]
                    [--skip-databases] [--connections=N]
                takes the keys of the file over into a running server: all that are not there yet, or with --replace all;
                keys of databases that the server has not are refused before anything is done, with --skip-databases all
                but those of number 0 are left out; the password, if it needs one, is taken from the environment, SOLASTER_PASSWORD
            java -jar solaster-store.jar print DIRECTORY [--shard=N] [--from=SEQUENCE] [--bytes=N]
                prints what the logs hold that a store has written there (solaster.store.persistence.directory): each change as a
                command, with the first N bytes of keys and values, 64 by default
            java -jar solaster-store.jar check DIRECTORY
                reads all of these logs and says what they hold, and what is wrong with them
            java -jar solaster-store.jar repair DIRECTORY --to=COPY
                writes a copy of the logs up to what is damaged, and says what is not in it; changes nothing else
            Ends with 0 if all is well, with 1 if something was left out or is damaged, with 2 if nothing was done.""";

    private static final int MOST_CONNECTIONS = 64;
    /** The longest request that a server takes unless configured otherwise, less what stands around a value. */
    private static final long MOST_BYTES = (512L << 20) - 64;
    private static final int TENTHS = 10;

    private final PrintStream out;
    private final PrintStream err;
    private final InstantSource clock;
    private final @Nullable String password;

    /** @param password null for none */
    Program(PrintStream out, PrintStream err, InstantSource clock, @Nullable String password) {
        this.out = out;
        this.err = err;
        this.clock = clock;
        this.password = password;
    }

    /** The command makes no sense, or cannot be done. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    /** What was asked for. */
    private record Asked(String verb, Path file, String host, int port, @Nullable String user, boolean tls,
            boolean replace, boolean skipDatabases, int connections) {}

    int run(String... arguments) {
        try {
            if (isOfLogs(arguments)) {
                String[] ofLog = arguments.clone();
                ofLog[1] = Generation.newestLog(Path.of(arguments[1])).toString();
                return LogProgram.run(out, err, "solaster-store.jar", RecordText::new, ofLog);
            }
            Asked asked = read(arguments);
            Contents contents = new Contents(asked.skipDatabases());
            int version = RdbFile.read(asked.file(), 0, contents);
            if (asked.verb().equals("check")) {
                out.println(asked.file() + " is whole: version " + version + contents.about());
                contents.tell();
                return 0;
            }
            return take(asked, contents, version);
        } catch (Refused refused) {
            err.println(refused.getMessage());
            return 2;
        } catch (InvalidPathException e) {
            err.println("'" + e.getInput() + "' is no path: " + e.getReason());
            return 2;
        } catch (IOException failure) {
            err.println(failure instanceof RdbException ? failure.getMessage() : "It could not be done: " + failure);
            return 2;
        }
    }

    private static boolean isOfLogs(String... arguments) {
        return arguments.length >= 2 && switch (arguments[0]) {
            case "print", "repair" -> true;
            case "check" -> Files.isDirectory(Path.of(arguments[1]));
            default -> false;
        };
    }

    private static Asked read(String... arguments) {
        if (arguments.length < 2 || !List.of("check", "import").contains(arguments[0])) {
            throw new Refused(USAGE);
        }
        String to = "";
        String user = null;
        boolean tls = false;
        boolean replace = false;
        boolean skip = false;
        int connections = 4;
        try {
            for (int i = 2; i < arguments.length; i++) {
                String argument = arguments[i];
                String value = argument.substring(argument.indexOf('=') + 1);
                switch (arguments[0] + " " + argument.substring(0, argument.length() - value.length())) {
                    case "import --to=" -> to = value;
                    case "import --user=" -> user = value;
                    case "import --connections=" -> connections = Integer.parseInt(value);
                    default -> {
                        switch (arguments[0] + " " + argument) {
                            case "import --tls" -> tls = true;
                            case "import --replace" -> replace = true;
                            case "import --skip-databases" -> skip = true;
                            default -> throw new Refused(
                                    "'" + argument + "' is no option of " + arguments[0] + "\n" + USAGE);
                        }
                    }
                }
            }
            if (connections < 1 || connections > MOST_CONNECTIONS) {
                throw new Refused("--connections=" + connections + "; 1 to " + MOST_CONNECTIONS + " are possible");
            }
            int colon = to.lastIndexOf(':');
            if (arguments[0].equals("import") && colon <= 0) {
                throw new Refused("import needs a server: give --to=HOST:PORT, such as --to=127.0.0.1:6379");
            }
            Path file = Path.of(arguments[1]);
            if (!Files.isRegularFile(file)) {
                throw new Refused(file + " is no file; give one that Redis has written, such as dump.rdb");
            }
            return new Asked(arguments[0], file, colon < 0 ? "" : to.substring(0, colon),
                    colon < 0 ? 0 : Integer.parseInt(to.substring(colon + 1)), user, tls, replace, skip, connections);
        } catch (NumberFormatException e) {
            throw new Refused("no number: " + e.getMessage() + "\n" + USAGE);
        }
    }

    // ---- what a file holds

    /** Looks through a file, to its check sum, before anything is done. */
    private final class Contents implements RdbFile.Visitor {
        private final boolean zeroOnly;
        private final Map<Long, SomeKeys> databases = new TreeMap<>();
        private final Map<String, SomeKeys> leftOut = new LinkedHashMap<>();
        private final Map<String, Long> modules = new LinkedHashMap<>();
        private String writer = "";
        private long functions;
        private long expiring;

        Contents(boolean zeroOnly) {
            this.zeroOnly = zeroOnly;
        }

        @Override
        public void aux(String name, String value) {
            if (name.equals("redis-ver")) {
                writer = ", written by Redis " + value;
            }
        }

        @Override
        public boolean wants(RdbFile.Key key) {
            return false;
        }

        @Override
        public void key(RdbFile.Key key) {
            databases.computeIfAbsent(key.database, _ -> new SomeKeys()).add(key.text());
            expiring += key.expiry == 0 ? 0 : 1;
            String why = key.foreign();
            if (why != null && (key.database == 0 || !zeroOnly)) {
                leftOut.computeIfAbsent(why, _ -> new SomeKeys()).add(key.text());
            }
        }

        @Override
        public void function() {
            functions++;
        }

        @Override
        public void moduleAux(String module) {
            modules.merge(module, 1L, Long::sum);
        }

        String about() {
            return writer;
        }

        void tell() {
            databases
                    .forEach((database, keys) -> out.println("  database " + database + ": " + keys.count() + " keys"));
            out.println("  " + expiring + " of them expire");
            tellLeftOut("cannot be taken over: ");
        }

        void tellLeftOut(String what) {
            leftOut.forEach((why, keys) -> out.println("  " + what + keys + " " + why));
            if (functions > 0) {
                out.println("  " + what + functions + " libraries of functions");
            }
            modules.forEach((module, times) -> out.println("  " + what + "what the module '" + module
                    + "' keeps beside the keys"));
        }

        boolean leavesOut() {
            return !leftOut.isEmpty() || functions > 0 || !modules.isEmpty();
        }
    }

    // ---- taking over

    private int take(Asked asked, Contents contents, int version) throws IOException {
        long foreign = 0;
        for (var each : contents.databases.entrySet()) {
            foreign += asked.skipDatabases() && each.getKey() != 0 ? each.getValue().count() : 0;
        }
        Import work = new Import(asked, version);
        List<Target> targets = new ArrayList<>();
        boolean stopped = false;
        try {
            for (int i = 0; i < asked.connections(); i++) {
                targets.add(new Target(asked.host(), asked.port(), asked.tls(), work));
                login(targets.getLast(), asked);
            }
            if (!asked.skipDatabases()) {
                refuseUnknown(contents, targets.getFirst());
            }
            work.targets = targets;
            RdbFile.read(asked.file(), MOST_BYTES, work);
            for (Target target : targets) {
                target.finish();
            }
        } catch (IOException failure) {
            if (work.restored == 0 && work.failed.isEmpty()) {
                throw failure;
            }
            stopped = true;
            err.println("It was broken off: " + failure.getMessage());
        } finally {
            for (Target target : targets) {
                target.close();
            }
        }
        out.println(work.restored + " keys were taken over" + contents.about());
        if (work.expired > 0) {
            out.println("  dropped: " + work.expired + " keys that had expired");
        }
        contents.tellLeftOut("LEFT OUT: ");
        if (foreign > 0) {
            out.println("  LEFT OUT: " + foreign + " keys of other databases than number 0");
        }
        work.failed.forEach((error, keys) -> out.println("  LEFT OUT: " + keys + " as the server said: " + error));
        if (work.tooLong.count() > 0) {
            out.println("  LEFT OUT: " + work.tooLong + ", larger than the 512 MiB that a request may have");
        }
        boolean all = !stopped && !contents.leavesOut() && foreign == 0 && work.failed.isEmpty()
                && work.tooLong.count() == 0;
        return all ? 0 : 1;
    }

    /** Has the server say that it has all databases of the file, before anything is done. */
    private static void refuseUnknown(Contents contents, Target target) throws IOException {
        boolean left = false;
        for (var each : contents.databases.entrySet()) {
            if (each.getKey() == 0) {
                continue;
            }
            left = true;
            if (target.ask("SELECT", each.getKey().toString()) instanceof Reply.Failure failure) {
                throw new Refused("database " + each.getKey() + " has " + each.getValue().count()
                        + " keys, and the server said: " + failure.text() + ". Give it more (solaster.store.databases),"
                        + " or leave all but number 0 out with --skip-databases. Nothing was done");
            }
        }
        if (left) {
            answered(target.ask("SELECT", "0"));
        }
    }

    private void login(Target target, Asked asked) throws IOException {
        if (password != null) {
            answered(asked.user() == null
                    ? target.ask("AUTH", password)
                    : target.ask("AUTH", asked.user(), password));
        }
        answered(target.ask("PING"));
    }

    private static void answered(Reply reply) {
        if (reply instanceof Reply.Failure failure) {
            throw new Refused("the server refuses: " + failure.text() + (failure.text().startsWith("NOAUTH")
                    ? " Give the password in the environment, SOLASTER_PASSWORD."
                    : ""));
        }
    }

    /** Sends each key that is wanted to that connection which has least to do. */
    private final class Import implements RdbFile.Visitor, Target.Answers {
        private final Asked asked;
        private final int version;
        private final long now = clock.millis();
        private final Map<String, SomeKeys> failed = new LinkedHashMap<>();
        private final SomeKeys tooLong = new SomeKeys();
        private List<Target> targets = List.of();
        private long restored;
        private long expired;
        private long tenth = 1;

        Import(Asked asked, int version) {
            this.asked = asked;
            this.version = version;
        }

        @Override
        public boolean wants(RdbFile.Key key) {
            return isWanted(key) && (key.expiry == 0 || key.expiry > now) && DumpTypes.inKeyspace(key.type) >= 0;
        }

        @Override
        public void key(RdbFile.Key key) throws IOException {
            ByteBuf value = key.value;
            if (isWanted(key) && key.expiry != 0 && key.expiry <= now) {
                expired++;
            } else if (key.tooLong) {
                tooLong.add(key.text());
            } else if (value != null) {
                value.writeShortLE(version);
                value.writeLongLE(Crc64.of(0, value.array(), value.arrayOffset() + value.readerIndex(),
                        value.readableBytes()));
                least().restore(key, value, asked.replace());
            }
        }

        private boolean isWanted(RdbFile.Key key) {
            return key.database == 0 || !asked.skipDatabases();
        }

        private Target least() {
            Target least = targets.getFirst();
            for (Target each : targets) {
                if (each.unanswered() < least.unanswered()) {
                    least = each;
                }
            }
            return least;
        }

        @Override
        public void answered(String key, @Nullable String error) throws IOException {
            if (error == null) {
                restored++;
                return;
            }
            String kind = error.startsWith("BUSYKEY")
                    ? "there is such a key already; --replace would replace it"
                    : error;
            failed.computeIfAbsent(kind, _ -> new SomeKeys()).add(key);
            if (error.startsWith("OOM") || error.startsWith("NOPERM") || error.startsWith("READONLY")) {
                // The others would fare no better.
                throw new IOException("the server said: " + error);
            }
        }

        @Override
        public void progress(long bytes, long of) {
            if (bytes * TENTHS >= tenth * of && of > 0 && tenth < TENTHS) {
                err.println(String.format(Locale.ROOT, "%d %% of the file: %d keys", tenth * 100 / TENTHS, restored));
                tenth = bytes * TENTHS / of + 1;
            }
        }
    }
}
