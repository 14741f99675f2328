package io.solaster.log;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import org.jspecify.annotations.Nullable;

/**
 * What lies where in a directory whose owner may be opened by any number of shards, such as a store's. Each number of shards has a
 * generation of its own, {@code generation-1} and so on: a log, a snapshot for each shard where its owner writes such, and once it
 * is whole an empty file that is named by the number of shards. On a virtual thread.
 *
 * @param root the owner's directory
 * @param generation its number; 0 for none
 * @param shards how many wrote it
 */
public record Generation(Path root, int generation, int shards) {
    private static final String PREFIX = "generation-";
    private static final String MARKED = "shards-";
    private static final String SNAPSHOT = ".snapshot";
    private static final String LOG = "log";
    /** An empty file: what is beside it may be deleted, since nobody was told that it is kept. */
    private static final String UNFINISHED = "unfinished";
    private static final Pattern NAME = Pattern.compile(PREFIX + "([0-9]{1,9})");
    private static final Pattern MARK = Pattern.compile(MARKED + "([0-9]{1,6})");

    /** The newest that is whole. Others, which were not finished or are not needed any more, are deleted. */
    public static Generation find(Patient patient, Path root) throws IOException {
        Generation newest = new Generation(root, 0, 0);
        List<String> names = patient.await(() -> patient.files().list(root));
        for (String name : names) {
            Matcher generation = NAME.matcher(name);
            if (generation.matches()) {
                int number = Integer.parseInt(generation.group(1));
                int shards = shards(patient, root.resolve(name));
                if (shards > 0 && number > newest.generation) {
                    newest = new Generation(root, number, shards);
                }
            }
        }
        if (newest.generation == 0) {
            refuseWithoutMark(patient, root, names);
        }
        for (String name : names) {
            if (NAME.matcher(name).matches() && !name.equals(PREFIX + newest.generation)) {
                deleteUnfinished(patient, root.resolve(name));
            }
        }
        if (newest.generation != 0) {
            newest.isFinished(patient);
        }
        return newest;
    }

    /**
     * The newest that is whole, for who reads it without an engine; one of the number 0 where there is none. It reads the
     * directory, so not on a shard.
     */
    public static Generation newest(Path root) throws IOException {
        Generation newest = new Generation(root, 0, 0);
        for (Path each : list(root)) {
            Matcher generation = NAME.matcher(String.valueOf(each.getFileName()));
            if (generation.matches() && Integer.parseInt(generation.group(1)) > newest.generation) {
                for (Path file : list(each)) {
                    Matcher mark = MARK.matcher(String.valueOf(file.getFileName()));
                    if (mark.matches()) {
                        newest = new Generation(root, Integer.parseInt(generation.group(1)),
                                Integer.parseInt(mark.group(1)));
                    }
                }
            }
        }
        return newest;
    }

    /**
     * The log of the newest that is whole, for who reads it without an engine; where a directory holds no generation, itself. It
     * reads the directory, so not on a shard.
     */
    public static Path newestLog(Path root) throws IOException {
        Generation newest = newest(root);
        return newest.generation == 0 ? root : newest.log();
    }

    /** Marks one as whole that was written without an engine, such as a copy. Not on a shard. */
    public void mark() throws IOException {
        try (FileChannel made = FileChannel.open(directory().resolve(MARKED + shards), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            made.force(true);
        }
    }

    private static List<Path> list(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    /** Where nothing is whole, and something was: who has that has lost the file that marks it as whole. */
    private static void refuseWithoutMark(Patient patient, Path root, List<String> names) throws IOException {
        for (String name : names) {
            if (!NAME.matcher(name).matches()) {
                continue;
            }
            List<String> files = patient.await(() -> patient.files().list(root.resolve(name)));
            for (String file : files) {
                if ((file.equals(LOG) || file.endsWith(SNAPSHOT)) && !files.contains(UNFINISHED)) {
                    throw new LogDamagedException(root.resolve(name) + " has '" + file + "', and lacks the empty file "
                            + "'shards-N' that says how many shards have written it: bring that back, or take the "
                            + "directory away", null);
                }
            }
        }
    }

    private static int shards(Patient patient, Path generation) throws IOException {
        for (String name : patient.await(() -> patient.files().list(generation))) {
            Matcher mark = MARK.matcher(name);
            if (mark.matches()) {
                return Integer.parseInt(mark.group(1));
            }
        }
        return 0;
    }

    /** The file that says that it may be deleted goes last, whatever crashes meanwhile. */
    private static void deleteUnfinished(Patient patient, Path directory) throws IOException {
        for (String name : patient.await(() -> patient.files().list(directory))) {
            if (!name.equals(UNFINISHED)) {
                delete(patient, directory.resolve(name));
            }
        }
        patient.<@Nullable Void>await(() -> patient.files().syncDirectory(directory));
        delete(patient, directory);
    }

    /** Deletes a directory and what is in it. */
    public static void delete(Patient patient, Path path) throws IOException {
        try {
            if (patient.await(() -> patient.files().status(path)).isDirectory()) {
                for (String name : patient.await(() -> patient.files().list(path))) {
                    delete(patient, path.resolve(name));
                }
            }
            patient.<@Nullable Void>await(() -> patient.files().delete(path));
        } catch (NoSuchFileException gone) {
            // As it shall be.
        }
    }

    /** The one that follows, for so many shards; its directory is made. Until it is finished, it may be deleted. */
    public Generation next(Patient patient, int ofShards) throws IOException {
        Generation next = new Generation(root, generation + 1, ofShards);
        patient.makeDirectory(next.directory());
        make(patient, next.directory().resolve(UNFINISHED));
        next.syncDirectories(patient);
        return next;
    }

    /** It is whole from now on, whatever crashes. */
    public void finish(Patient patient) throws IOException {
        make(patient, directory().resolve(MARKED + shards));
        syncDirectories(patient);
        isFinished(patient);
    }

    /** Later, as who loses the file that marks it as whole is to be told so. */
    private void isFinished(Patient patient) throws IOException {
        if (patient.await(() -> patient.files().list(directory())).contains(UNFINISHED)) {
            patient.<@Nullable Void>await(() -> patient.files().delete(directory().resolve(UNFINISHED)));
            syncDirectories(patient);
        }
    }

    private static void make(Patient patient, Path path) throws IOException {
        ShardFile mark = patient.await(() -> patient.files().open(path, OpenMode.CREATE));
        patient.sync(mark);
        patient.close(mark);
    }

    private void syncDirectories(Patient patient) throws IOException {
        patient.<@Nullable Void>await(() -> patient.files().syncDirectory(directory()));
        patient.<@Nullable Void>await(() -> patient.files().syncDirectory(root));
    }

    /** Its own directory. */
    public Path directory() {
        return root.resolve(PREFIX + generation);
    }

    /** Of its log. */
    public Path log() {
        return directory().resolve(LOG);
    }

    /** A shard's snapshot. */
    public Path snapshot(int shard) {
        return directory().resolve("shard-" + shard + SNAPSHOT);
    }
}
