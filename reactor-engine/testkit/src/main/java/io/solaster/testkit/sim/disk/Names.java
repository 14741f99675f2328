package io.solaster.testkit.sim.disk;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

import io.solaster.testkit.sim.disk.Node.Directory;
import io.solaster.testkit.sim.disk.SimDisk.Effect;
import org.jspecify.annotations.Nullable;

/** The names of a disk, and what was done to them that no sync of a directory has covered. One thread at a time. */
final class Names {
    private final Directory root = new Directory();
    private final List<Change> unsynced = new ArrayList<>();
    /** How many changes there have been. */
    private long changes;

    /** One name, which leads to something or to nothing. */
    private record Edit(Directory directory, String name, @Nullable Node node) {

        void applyTo(TreeMap<String, Node> names) {
            if (node == null) {
                names.remove(name);
            } else {
                names.put(name, node);
            }
        }
    }

    private record Name(Directory directory, String name) {}

    /** What is done in one step, or not at all. */
    private record Change(long number, List<Edit> edits) {

        void survive() {
            edits.forEach(edit -> edit.applyTo(edit.directory.durable));
        }
    }

    private void change(Edit... edits) {
        Change change = new Change(changes++, List.of(edits));
        change.edits.forEach(edit -> edit.applyTo(edit.directory.seen));
        unsynced.add(change);
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private static String last(Path path) throws FileSystemException {
        Path name = path.getFileName();
        if (name == null) {
            throw new FileSystemException(path.toString(), null, "the root cannot be changed");
        }
        return name.toString();
    }

    private @Nullable Node find(Path path) throws NotDirectoryException {
        Node at = root;
        for (Path name : path) {
            if (!(at instanceof Directory directory)) {
                throw new NotDirectoryException(path.toString());
            }
            at = directory.seen.get(name.toString());
            if (at == null) {
                return null;
            }
        }
        return at;
    }

    /** @throws NoSuchFileException if there is nothing */
    Node get(Path path) throws IOException {
        Node found = find(absolute(path));
        if (found == null) {
            throw new NoSuchFileException(path.toString());
        }
        return found;
    }

    /** @throws FileSystemException if there is none, or it is no file */
    Inode file(Path path) throws IOException {
        if (get(path) instanceof Inode file) {
            return file;
        }
        throw new FileSystemException(path.toString(), null, "it is a directory");
    }

    Directory directory(Path path) throws IOException {
        if (get(path) instanceof Directory directory) {
            return directory;
        }
        throw new NotDirectoryException(path.toString());
    }

    private Directory above(Path path) throws IOException {
        Path parent = path.getParent();
        if (parent == null) {
            throw new FileSystemException(path.toString(), null, "the root cannot be changed");
        }
        return directory(parent);
    }

    Inode create(Path path, boolean mustBeNew, long nowNanos) throws IOException {
        Path whole = absolute(path);
        Directory directory = above(whole);
        Node there = directory.seen.get(last(whole));
        if (there == null) {
            Inode made = new Inode(nowNanos);
            change(new Edit(directory, last(whole), made));
            return made;
        }
        if (mustBeNew) {
            throw new FileAlreadyExistsException(path.toString());
        }
        return file(path);
    }

    void createDirectories(Path path) throws IOException {
        Directory at = root;
        for (Path name : absolute(path)) {
            Node there = at.seen.get(name.toString());
            if (there instanceof Inode) {
                throw new FileAlreadyExistsException(path.toString());
            }
            if (there instanceof Directory directory) {
                at = directory;
            } else {
                Directory made = new Directory();
                change(new Edit(at, name.toString(), made));
                at = made;
            }
        }
    }

    void rename(Path from, Path to) throws IOException {
        Path source = absolute(from);
        Path target = absolute(to);
        Node moved = get(source);
        Directory directory = above(target);
        Node there = directory.seen.get(last(target));
        if (there == moved) {
            return;
        }
        if (moved instanceof Directory && target.startsWith(source)) {
            throw new FileSystemException(from.toString(), to.toString(), "a directory cannot be moved into itself");
        }
        if (there instanceof Directory full && !full.seen.isEmpty()) {
            throw new DirectoryNotEmptyException(to.toString());
        }
        if (there != null && there instanceof Directory != moved instanceof Directory) {
            throw new FileSystemException(from.toString(), to.toString(), "one is a directory, the other is not");
        }
        change(new Edit(above(source), last(source), null), new Edit(directory, last(target), moved));
    }

    void delete(Path path) throws IOException {
        if (get(path) instanceof Directory directory && !directory.seen.isEmpty()) {
            throw new DirectoryNotEmptyException(path.toString());
        }
        Path whole = absolute(path);
        change(new Edit(above(whole), last(whole), null));
    }

    /** Where a sync that begins now is to end. */
    long mark() {
        return changes;
    }

    /**
     * Has the names of a directory survive. A change in two directories is one, so what came before it in the other one
     * survives, too.
     */
    void sync(Directory directory, long mark) {
        Set<Directory> touched = new HashSet<>();
        touched.add(directory);
        Deque<Change> covered = new ArrayDeque<>();
        for (Change change : unsynced.reversed()) {
            if (change.number < mark && change.edits.stream().anyMatch(edit -> touched.contains(edit.directory))) {
                change.edits.forEach(edit -> touched.add(edit.directory));
                covered.push(change);
            }
        }
        covered.forEach(Change::survive);
        unsynced.removeAll(covered);
    }

    /** What was done to one name is lost from its end, so that nothing has two names. */
    void crash(RandomGenerator random, SimDisk disk) {
        Set<Name> lost = new HashSet<>();
        for (Change change : unsynced) {
            List<Name> touched = change.edits.stream().map(edit -> new Name(edit.directory, edit.name)).toList();
            if (random.nextBoolean() && touched.stream().noneMatch(lost::contains)) {
                change.survive();
                disk.add(Effect.KEPT_NAMES);
            } else {
                lost.addAll(touched);
                disk.add(Effect.LOST_NAMES);
            }
        }
        unsynced.clear();
        forget(root);
    }

    private static void forget(Directory directory) {
        directory.seen.clear();
        directory.seen.putAll(directory.durable);
        for (Node each : directory.seen.values()) {
            if (each instanceof Directory below) {
                forget(below);
            }
        }
    }

    /** The files that have names, in the order of these. */
    void forEachFile(Consumer<Inode> action) {
        forEachFile(root, action);
    }

    private static void forEachFile(Directory directory, Consumer<Inode> action) {
        for (Node each : directory.seen.values()) {
            switch (each) {
                case Inode file -> action.accept(file);
                case Directory below -> forEachFile(below, action);
            }
        }
    }
}
