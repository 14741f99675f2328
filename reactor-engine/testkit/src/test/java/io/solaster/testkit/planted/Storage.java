package io.solaster.testkit.planted;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.function.Consumer;

import io.solaster.engine.file.Disk;
import io.solaster.engine.file.Disk.Handle;
import io.solaster.engine.file.Disk.Outcome;
import io.solaster.engine.file.OpenMode;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.sim.disk.Delays;
import io.solaster.testkit.sim.disk.SimDisk;
import org.jspecify.annotations.Nullable;

/** One file on a simulated disk that does at once what it is asked for. What a crash leaves of it is drawn. */
final class Storage {
    private static final Path DIRECTORY = Path.of("/data");
    private static final Path FILE = DIRECTORY.resolve("log");
    private static final int MOST = 1 << 16;

    private final Queue<Runnable> due = new ArrayDeque<>();
    private final SimDisk disk;
    private Handle file;
    private long end;

    Storage(Draw draw) {
        disk = new SimDisk(draw, new Delays() {
            @Override
            public long nanoTime() {
                return 0;
            }

            @Override
            public void after(long nanos, Runnable task) {
                due.add(task);
            }
        });
        this.<@Nullable Void>done(outcome -> disk.createDirectories(DIRECTORY, outcome));
        file = done(outcome -> disk.open(FILE, OpenMode.CREATE, false, outcome));
        this.<@Nullable Void>done(outcome -> disk.syncDirectory(DIRECTORY, outcome));
        this.<@Nullable Void>done(outcome -> disk.syncDirectory(Path.of("/"), outcome));
    }

    void append(byte[] bytes) {
        this.<@Nullable Void>done(outcome -> file.write(new ByteBuffer[]{ByteBuffer.wrap(bytes)}, end, outcome));
        end += bytes.length;
    }

    void sync() {
        this.<@Nullable Void>done(outcome -> file.sync(outcome));
    }

    /** Forgets what is behind. */
    void truncate(long size) {
        this.<@Nullable Void>done(outcome -> file.truncate(size, outcome));
        end = size;
    }

    /** The power fails and comes back. */
    void crash() {
        disk.crash();
        file = done(outcome -> disk.open(FILE, OpenMode.WRITE, false, outcome));
        end = done(file::size);
    }

    byte[] read() {
        ByteBuffer bytes = ByteBuffer.allocate(MOST);
        int count = this.<Integer>done(outcome -> file.read(new ByteBuffer[]{bytes}, 0, outcome));
        return Arrays.copyOf(bytes.array(), count);
    }

    private <T extends @Nullable Object> T done(Consumer<Outcome<T>> operation) {
        Object[] results = new Object[1];
        operation.accept(new Outcome<>() {
            @Override
            public void done(T result) {
                results[0] = result;
            }

            @Override
            public void failed(Throwable failure) {
                throw new AssertionError("on a disk without faults", failure);
            }
        });
        while (!due.isEmpty()) {
            due.remove().run();
        }
        @SuppressWarnings("unchecked")
        T result = (T) results[0];
        return result;
    }
}
