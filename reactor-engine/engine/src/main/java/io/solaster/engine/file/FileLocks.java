package io.solaster.engine.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Files that one process has for itself. On threads that may wait for a disk. */
final class FileLocks {
    /** Those of this process: to open such a file and close it would let go of the lock, as POSIX has it. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();
    private static final int MOST_OF_A_NAME = 32;

    private FileLocks() {}

    static Closeable take(Path path) throws IOException {
        Path directory = path.toAbsolutePath().getParent();
        Path real = directory == null
                ? path
                : directory.toRealPath().resolve(String.valueOf(path.getFileName()));
        if (!HELD.add(real)) {
            throw new FileSystemException(path.toString(), null, "this process has locked it already");
        }
        try {
            return open(real);
        } catch (Throwable failure) {
            HELD.remove(real);
            throw failure;
        }
    }

    private static Closeable open(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE,
                StandardOpenOption.CREATE);
        try {
            if (channel.tryLock() == null) {
                throw new FileSystemException(path.toString(), null, holder(channel) + " has locked it");
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)),
                    0);
        } catch (Throwable failure) {
            channel.close();
            throw failure;
        }
        return () -> {
            try {
                channel.close();
            } finally {
                HELD.remove(path);
            }
        };
    }

    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(MOST_OF_A_NAME);
        channel.read(read, 0);
        String pid = new String(read.array(), 0, read.position(), StandardCharsets.US_ASCII).strip();
        return pid.matches("[0-9]+") ? "process " + pid : "another process";
    }
}
