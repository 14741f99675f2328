package io.solaster.engine.file;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

import org.jspecify.annotations.Nullable;

/**
 * What Linux says of files, by number and by words, and what is to be done about it. The JDK tells the words alone, in the
 * language of the process; in another language than English its errors come without a fix.
 */
enum FileError {
    EPERM(1, "Operation not permitted", "look at the file's owner and attributes, and at the security profile"), ENOENT(
            2, "No such file or directory", null), EIO(5, "Input/output error",
                    "the device fails, or the file system on it: see the kernel's log (dmesg)"), EACCES(13,
                            "Permission denied", "let this process's user read and write it"), EEXIST(17, "File exists",
                                    null), ENOTDIR(20, "Not a directory", null), EISDIR(21, "Is a directory",
                                            null), EINVAL(22, "Invalid argument", null), ENFILE(23,
                                                    "Too many open files in system",
                                                    "raise the system's limit on open files (fs.file-max)"), EMFILE(24,
                                                            "Too many open files",
                                                            "raise the process's limit on open files (ulimit -n)"), EFBIG(
                                                                    27, "File too large",
                                                                    "raise the limit on the size of files (ulimit -f), or write several"), ENOSPC(
                                                                            28, "No space left on device",
                                                                            "make room on the volume, or give it more"), EROFS(
                                                                                    30, "Read-only file system",
                                                                                    "mount it for writing, or name another path"), ENAMETOOLONG(
                                                                                            36, "File name too long",
                                                                                            null), ENOTEMPTY(39,
                                                                                                    "Directory not empty",
                                                                                                    null), ELOOP(40,
                                                                                                            "Too many levels of symbolic links",
                                                                                                            null), EOPNOTSUPP(
                                                                                                                    95,
                                                                                                                    "Operation not supported",
                                                                                                                    null), ESTALE(
                                                                                                                            116,
                                                                                                                            "Stale file handle",
                                                                                                                            "the server has lost it: open it again"), EDQUOT(
                                                                                                                                    122,
                                                                                                                                    "Disk quota exceeded",
                                                                                                                                    "make room, or raise the quota");

    private final int number;
    private final String words;
    private final @Nullable String fix;

    FileError(int number, String words, @Nullable String fix) {
        this.number = number;
        this.words = words;
        this.fix = fix;
    }

    int number() {
        return number;
    }

    private static @Nullable FileError of(int number) {
        for (FileError each : values()) {
            if (each.number == number) {
                return each;
            }
        }
        return null;
    }

    /** The exception that Java has for it. */
    static IOException exception(int number, String path) {
        FileError error = of(number);
        if (error == null) {
            return new FileSystemException(path, null, "error " + number);
        }
        String words = error.words;
        return switch (error) {
            case ENOENT -> new NoSuchFileException(path, null, words);
            case EEXIST -> new FileAlreadyExistsException(path, null, words);
            case EACCES, EPERM -> new AccessDeniedException(path, null, words);
            case ENOSPC, EDQUOT -> new DiskFullException(path, words);
            case ENOTDIR -> new NotDirectoryException(path);
            case ENOTEMPTY -> new DirectoryNotEmptyException(path);
            default -> new FileSystemException(path, null, words);
        };
    }

    /** Whether nothing more can be written. */
    static boolean isFull(@Nullable String said) {
        return ENOSPC.words.equals(said) || EDQUOT.words.equals(said);
    }

    /** What was said, with what is to be done about it where that is known. */
    static String withFix(String said) {
        for (FileError each : values()) {
            if (each.fix != null && each.words.equalsIgnoreCase(said)) {
                return said + "; " + each.fix;
            }
        }
        return said;
    }
}
