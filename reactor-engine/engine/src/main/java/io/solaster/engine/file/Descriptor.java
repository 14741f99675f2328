package io.solaster.engine.file;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;

import org.jspecify.annotations.Nullable;

/**
 * An open file of Linux, for what Java has no call: to be sent by the kernel, or without a name. May wait for a disk: for
 * threads off the shards.
 *
 * @param size when it was opened; -1 where nobody has looked
 */
record Descriptor(int number, Path path, long size, boolean isUnnamed) implements AutoCloseable {

    /** Opens a file through no link in the last place; nothing else than a file. */
    static Descriptor openToSend(Path path) throws IOException {
        int number = Libc.openToSend(path);
        try {
            BasicFileAttributes found = Files.readAttributes(Libc.opened(number), BasicFileAttributes.class);
            if (!found.isRegularFile()) {
                throw new FileSystemException(path.toString(), null, "it is no file");
            }
            return new Descriptor(number, path, found.size(), false);
        } catch (IOException | RuntimeException refused) {
            Libc.close(number, path);
            throw refused;
        }
    }

    /** Makes a file without a name beside another; null where the file system does not do that. */
    static @Nullable Descriptor openUnnamed(Path beside) throws IOException {
        Path absolute = beside.toAbsolutePath();
        Path directory = absolute.getParent();
        try {
            return new Descriptor(Libc.openUnnamed(directory == null ? absolute : directory), beside, -1, true);
        } catch (NoSuchFileException | NotDirectoryException | AccessDeniedException | DiskFullException failure) {
            throw failure;
        } catch (FileSystemException unknown) {
            // EOPNOTSUPP, EISDIR of old kernels, and whatever else a file system makes of it.
            return null;
        }
    }

    /** Gives it a name, or copies it to another file system. */
    void keep(Path target) throws IOException {
        Path named = target.toAbsolutePath();
        try {
            try {
                Libc.link(number, named);
            } catch (FileAlreadyExistsException taken) {
                Path name = named.getFileName();
                Path free = named.resolveSibling("." + name + "." + ProcessHandle.current().pid() + "-" + number);
                Libc.link(number, free);
                try {
                    Files.move(free, named, StandardCopyOption.ATOMIC_MOVE);
                } catch (IOException refused) {
                    Files.deleteIfExists(free);
                    throw refused;
                }
            }
        } catch (NoSuchFileException | AccessDeniedException | DiskFullException failure) {
            throw failure;
        } catch (FileSystemException elsewhere) {
            Files.copy(Libc.opened(number), named, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Override
    public void close() throws IOException {
        Libc.close(number, path);
    }
}
