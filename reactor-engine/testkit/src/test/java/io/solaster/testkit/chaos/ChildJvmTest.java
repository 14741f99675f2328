package io.solaster.testkit.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class ChildJvmTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path files;

    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as(what).isNegative();
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** Answers each byte with itself, and each line of its input by what it is told to try. */
    static final class Echo {
        public static void main(String[] arguments) throws IOException {
            ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
            System.out.println("listening on " + server.getLocalPort());
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (true) {
                        Socket socket = server.accept();
                        Thread.ofPlatform().daemon().start(() -> {
                            try (socket) {
                                socket.getInputStream().transferTo(socket.getOutputStream());
                            } catch (IOException e) {
                                // The client has gone.
                            }
                        });
                    }
                } catch (IOException e) {
                    System.out.println("accept: " + e);
                }
            });
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                try (RandomAccessFile file = new RandomAccessFile(new File(arguments[0]), "rw")) {
                    file.write(new byte[100_000]);
                    System.out.println("tried: wrote");
                } catch (IOException e) {
                    System.out.println("tried: " + e.getMessage());
                }
            }
        }
    }

    private ChildJvm start(Events events) throws IOException {
        return ChildJvm.of(Echo.class, files.resolve("written").toString()).start(events);
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(30_000);
        return socket;
    }

    @Test
    void isStoppedAndGoesOnAndIsKilled() throws IOException {
        Events events = new Events();
        try (ChildJvm child = start(events)) {
            int port = child.number("listening on ");
            try (Socket socket = connect(port)) {
                socket.getOutputStream().write(1);
                assertThat(socket.getInputStream().read()).isOne();
                child.stop();
                await("it stands still", () -> status(child.pid()).contains("State:\tT"));
                socket.getOutputStream().write(2);
                socket.setSoTimeout(100);
                assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
                socket.setSoTimeout(30_000);
                child.goOn();
                assertThat(socket.getInputStream().read()).isEqualTo(2);
                child.kill();
                assertThat(child.isAlive()).isFalse();
                assertThat(socket.getInputStream().read()).isNegative();
            }
            assertThatThrownBy(() -> connect(port)).isInstanceOf(ConnectException.class);
            assertThatThrownBy(child::stop).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has ended with 137");
        }
        assertThat(events.toString()).contains("starts", "is stopped", "goes on", "is killed");
    }

    @Test
    void isStarvedOfDescriptorsAndDisk() throws IOException {
        try (ChildJvm child = start(new Events())) {
            child.number("listening on ");
            child.tell("try");
            assertThat(child.line("tried", PATIENCE)).isEqualTo("tried: wrote");
            child.starveOfDescriptors();
            child.tell("try");
            assertThat(child.line("tried", PATIENCE)).contains("Too many open files");
            child.feed();
            child.starveOfDisk(50_000);
            child.tell("try");
            assertThat(child.line("tried", PATIENCE)).contains("File too large");
            child.feed();
            child.tell("try");
            assertThat(child.line("tried", PATIENCE)).isEqualTo("tried: wrote");
        }
    }

    @Test
    void aChildThatHasEndedIsHealedWithoutAFailure() throws IOException {
        try (ChildJvm child = start(new Events())) {
            child.number("listening on ");
            child.starveOfDescriptors();
            child.stop();
            child.kill();
            child.goOn();
            child.feed();
            assertThat(child.isAlive()).isFalse();
        }
    }

    @Test
    void aLineThatNeverComesIsToldOfWithWhatCame() throws IOException {
        try (ChildJvm child = start(new Events())) {
            child.number("listening on ");
            assertThatThrownBy(() -> child.line("never", Duration.ofMillis(50))).isInstanceOf(AssertionError.class)
                    .hasMessageContaining("'never'").hasMessageContaining("listening on ");
        }
    }

    /** Has children of its own, and ends in whatever way it is told to. */
    static final class Parent {
        public static void main(String[] arguments) throws Exception {
            Events events = new Events();
            ChildJvm running = ChildJvm.of(Echo.class, arguments[0]).start(events);
            System.out.println("port " + running.number("listening on "));
            System.out.println("running " + running.pid());
            ChildJvm stopped = ChildJvm.of(Echo.class, arguments[0]).start(events);
            stopped.number("listening on ");
            stopped.stop();
            System.out.println("stopped " + stopped.pid());
            FaultProxy proxy = FaultProxy.open(1, events);
            System.out.println("proxy " + proxy.address().getPort());
            Thread.sleep(Duration.ofMinutes(5));
        }
    }

    private void leavesNothing(boolean politely) throws Exception {
        try (ChildJvm parent = ChildJvm.of(Parent.class, files.resolve("written").toString()).start(new Events())) {
            int port = parent.number("port ");
            long running = parent.number("running ");
            long stopped = parent.number("stopped ");
            int proxy = parent.number("proxy ");
            assertThat(ProcessHandle.of(running)).hasValueSatisfying(ProcessHandle::isAlive);
            if (politely) {
                // As Ctrl-C does by another number, which a JVM that was started in the background ignores.
                Signals.send(parent.pid(), 15);
            } else {
                parent.kill();
            }
            for (long each : new long[]{parent.pid(), running, stopped}) {
                await("process " + each + " has ended", () -> isGone(each));
            }
            // The last of a process's threads closes its sockets.
            await("nobody listens", () -> refuses(port) && refuses(proxy));
            try (var left = Files.list(files)) {
                assertThat(left).isEmpty();
            }
        }
    }

    private static boolean refuses(int port) {
        try (Socket socket = connect(port)) {
            return !socket.isConnected();
        } catch (IOException e) {
            return true;
        }
    }

    /** One that nobody has waited for is a zombie, and holds nothing. */
    private static boolean isGone(long pid) {
        String status = status(pid);
        return status.isEmpty() || status.contains("State:\tZ");
    }

    private static String status(long pid) {
        try {
            return Files.readString(Path.of("/proc", String.valueOf(pid), "status"));
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void anInterruptedRunLeavesNoChildPortOrFile() throws Exception {
        leavesNothing(true);
    }

    @Test
    void aKilledRunLeavesNoChildPortOrFile() throws Exception {
        leavesNothing(false);
    }
}
