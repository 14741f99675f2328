package io.solaster.store.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.log.LogDamagedException;
import io.solaster.log.Patient;
import io.solaster.log.Replica;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A snapshot is read as it was written, or not at all: the error names the file, and where in it. */
class SnapshotDamageTest {
    private static final int BLOCKS = 6;
    private static final int LONGEST = 60;

    @TempDir
    Path directory;

    private Engine engine;
    private Path file;
    private byte[] whole;
    private byte[] content;

    @BeforeEach
    void write() throws IOException {
        engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER));
        file = directory.resolve("snapshot");
        Random random = new Random(3);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        onShard(() -> {
            SnapshotFile made = SnapshotFile.create(new Patient(Shard.current().files()), file);
            for (int i = 0; i < BLOCKS; i++) {
                byte[] block = new byte[1 + random.nextInt(LONGEST)];
                random.nextBytes(block);
                all.writeBytes(block);
                ByteBuf changes = Unpooled.directBuffer(LONGEST).writeBytes(block);
                try {
                    made.write(changes);
                } finally {
                    changes.release();
                }
            }
            return made.finish(77, 1, 0, 1);
        });
        whole = Files.readAllBytes(file);
        content = all.toByteArray();
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private <T> T onShard(Callable<T> work) {
        try {
            return engine.shard(0).fork(engine.groups().byDefault(), work).future().join();
        } catch (CompletionException failed) {
            throw failed.getCause() instanceof RuntimeException known ? known : failed;
        }
    }

    /** Keeps what it is told. */
    private static final class Kept implements Replica {
        private final ByteArrayOutputStream installed = new ByteArrayOutputStream();
        private long next = 1;

        @Override
        public long next() {
            return next;
        }

        @Override
        public void apply(long sequence, long epoch, int kind, ByteBuf payload) {
            throw new AssertionError("no record is in a snapshot");
        }

        @Override
        public void install(ByteBuf piece) {
            byte[] bytes = new byte[piece.readableBytes()];
            piece.getBytes(piece.readerIndex(), bytes);
            installed.writeBytes(bytes);
        }

        @Override
        public void installed(long from) {
            next = from;
        }

        @Override
        public long snapshot(Pieces pieces) {
            throw new AssertionError("it is read");
        }

        @Override
        public void drop(int from, int to) {
            throw new AssertionError("it is read");
        }

        @Override
        public void lead() {
            throw new AssertionError("it is read");
        }
    }

    private Kept read() {
        Kept kept = new Kept();
        onShard(() -> SnapshotFile.read(new Patient(Shard.current().files()), file, 0, 1, kept));
        return kept;
    }

    private void refuses(byte[] damaged, String how) throws IOException {
        Files.write(file, damaged);
        Kept kept = new Kept();
        assertThatExceptionOfType(LogDamagedException.class).as(how)
                .isThrownBy(() -> onShard(
                        () -> SnapshotFile.read(new Patient(Shard.current().files()), file, 0, 1, kept)))
                .withMessageContaining("snapshot " + file + ", byte ");
        assertThat(kept.next).as("%s: nothing says that it is whole", how).isOne();
    }

    @Test
    void readsWhatWasWritten() {
        Kept kept = read();
        assertThat(kept.installed.toByteArray()).isEqualTo(content);
        assertThat(kept.next).isEqualTo(77);
    }

    @Test
    void refusesEachFlippedBit() throws IOException {
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            refuses(damaged, "a bit of byte " + at + " is flipped");
        }
    }

    @Test
    void refusesEachLength() throws IOException {
        for (int length = 0; length < whole.length; length++) {
            refuses(Arrays.copyOf(whole, length), length + " bytes are left");
        }
        for (int more : new int[]{1, 8, 4096}) {
            refuses(Arrays.copyOf(whole, whole.length + more), more + " bytes are behind it");
        }
    }

    /** What a crash leaves where not all of a file was written: zeros, or what comes later in its place. */
    @Test
    void refusesWhatIsTorn() throws IOException {
        Random random = new Random(5);
        for (int i = 0; i < 500; i++) {
            int from = random.nextInt(whole.length);
            int to = from + 1 + random.nextInt(whole.length - from);
            byte[] zeros = whole.clone();
            Arrays.fill(zeros, from, to, (byte) 0);
            if (!Arrays.equals(zeros, whole)) {
                refuses(zeros, "bytes " + from + " to " + to + " are zero");
            }
            byte[] missing = new byte[whole.length - (to - from)];
            System.arraycopy(whole, 0, missing, 0, from);
            System.arraycopy(whole, to, missing, from, whole.length - to);
            refuses(missing, "bytes " + from + " to " + to + " are missing");
            byte[] twice = new byte[whole.length + (to - from)];
            System.arraycopy(whole, 0, twice, 0, to);
            System.arraycopy(whole, from, twice, to, whole.length - from);
            refuses(twice, "bytes " + from + " to " + to + " are there twice");
        }
    }
}
