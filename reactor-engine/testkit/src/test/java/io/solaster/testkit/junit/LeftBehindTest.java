package io.solaster.testkit.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.testkit.left.Left;
import io.solaster.testkit.left.LeftBehindError;
import io.solaster.testkit.left.Remnant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Plants each kind of leak, and looks whether it is told of by name and by line. */
class LeftBehindTest {
    private static final List<AutoCloseable> PLANTED = new ArrayList<>();
    private static volatile int line;
    private static volatile Path file;

    @TempDir
    Path files;

    @AfterEach
    void clear() throws Exception {
        for (AutoCloseable each : PLANTED) {
            each.close();
        }
        PLANTED.clear();
    }

    private static int here() {
        return StackWalker.getInstance().walk(frames -> frames.skip(1).findFirst().orElseThrow().getLineNumber());
    }

    /** Not run by itself, for its name. */
    @SolasterTest(seed = 42)
    static class Planting {

        @Test
        void forks(Engine engine) {
            line = here() + 1;
            engine.shard(1).fork(() -> LockSupport.park());
        }

        @Test
        void calls(Engine engine) {
            CountDownLatch end = new CountDownLatch(1);
            PLANTED.add(end::countDown);
            line = here() + 1;
            engine.offload().call(() -> end.await(1, TimeUnit.SECONDS));
        }

        @Test
        @OnShard(1)
        void timers() {
            line = here() + 1;
            Shard.sleep(Duration.ofHours(1));
        }

        @Test
        void buffers() {
            line = here() + 1;
            ByteBuf lost = ByteBufAllocator.DEFAULT.directBuffer(100);
            lost.writeInt(42);
        }

        @Test
        void sockets() throws IOException {
            line = here() + 1;
            PLANTED.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
        }

        @Test
        void descriptors() throws IOException {
            line = here() + 1;
            PLANTED.add(new FileInputStream(file.toFile()));
        }

        @Test
        void threads() {
            CountDownLatch end = new CountDownLatch(1);
            Thread thread = new Thread(() -> {
                try {
                    end.await();
                } catch (InterruptedException e) {
                    // The test has ended.
                }
            }, "planted");
            PLANTED.add(end::countDown);
            line = here() + 1;
            thread.start();
        }
    }

    @SolasterTest
    static class Attached {
        /** The JVM makes the socket that tools talk to it by when the first one comes, and keeps it. */
        @Test
        void byATool() throws Exception {
            Process jcmd = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                    Long.toString(ProcessHandle.current().pid()), "VM.uptime")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            jcmd.getOutputStream().close();
            assertThat(jcmd.waitFor()).isZero();
            assertThat(Files.readString(Path.of("/proc/self/net/unix")))
                    .contains(".java_pid" + ProcessHandle.current().pid());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void whatTheJvmKeepsOnceAToolHasAttachedIsNotLeft() {
        assertThat(Runs.failuresOf(Attached.class, "byATool")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Left.class)
    void eachKindIsToldOfByNameAndLine(Left kind) throws IOException {
        file = Files.createFile(files.resolve("planted.txt"));
        String method = kind.name().toLowerCase(Locale.ROOT);
        boolean needsEngine = kind == Left.FORKS || kind == Left.CALLS;
        List<Throwable> failures = Runs.failuresOf(Planting.class, method,
                needsEngine ? new Class<?>[]{Engine.class} : new Class<?>[0]);
        assertThat(failures).hasSize(1);
        assertThat(failures.getFirst()).isInstanceOf(LeftBehindError.class).hasMessageContaining(
                "Planting." + method + " left behind:").hasMessageContaining("solaster.testkit.seed=42")
                .hasMessageContaining(kind == Left.SOCKETS ? "TCP listening on 127.0.0.1:" : "")
                .hasMessageContaining(kind == Left.DESCRIPTORS ? "planted.txt" : "")
                .hasMessageContaining(kind == Left.THREADS ? "'planted'" : "")
                .hasMessageContaining(kind == Left.FORKS ? "-shard-1-fork-" : "");
        List<Remnant> remnants = ((LeftBehindError) failures.getFirst()).remnants();
        assertThat(remnants).singleElement().satisfies(remnant -> {
            assertThat(remnant.kind()).isEqualTo(kind);
            assertThat(remnant.line()).as(remnant.toString()).hasValueSatisfying(made -> {
                assertThat(made.getFileName()).isEqualTo("LeftBehindTest.java");
                assertThat(made.getLineNumber()).isEqualTo(line);
            });
        });
    }

    @SolasterTest
    static class Excused {

        @Test
        @Leaves(Left.FORKS)
        void forks(Engine engine) {
            engine.shard(1).fork(() -> LockSupport.park());
        }

        @Test
        void whatStandsOnTheEngineEndsWithIt(Engine engine) {
            Thread thread = new Thread(LockSupport::park, "of the engine");
            thread.start();
            engine.onStop(() -> {
                LockSupport.unpark(thread);
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }

        @Test
        void whatEndsByItself(Engine engine) {
            engine.shard(0).fork(() -> {
                Shard.sleep(Duration.ofMillis(50)).join();
                return null;
            });
        }

        /** The first one has the JDK start a thread that ends such waits, and stays. */
        @Test
        void aVirtualThreadThatWaitsForATime() throws InterruptedException {
            Thread.ofVirtual().start(() -> LockSupport.parkNanos(1_000_000)).join();
        }

        @Test
        @OnShard
        void aBufferThatIsReleased() {
            ByteBufAllocator.DEFAULT.directBuffer(100).release();
        }
    }

    @Test
    void whatIsExcusedOrEndsIsNotToldOf() {
        assertThat(Runs.failuresOf(Excused.class)).isEmpty();
    }

    @SolasterTest
    @TestInstance(Lifecycle.PER_CLASS)
    static class Together {
        private final Engine ofClass;

        Together(Engine engine) {
            ofClass = engine;
        }

        @Test
        void leaves(Engine engine) {
            assertThat(engine).isSameAs(ofClass);
            engine.shard(0).fork(() -> LockSupport.park());
        }

        @Test
        void leavesNothing(Engine engine) {
            assertThat(engine).isSameAs(ofClass);
        }
    }

    @Test
    void anEngineOfAClassIsLookedAtAfterEachTest() {
        assertThat(Runs.failuresOf(Together.class, Runs.HASTY)).singleElement().satisfies(
                failure -> assertThat(failure).hasMessageStartingWith("Together.leaves left behind:"));
    }
}
