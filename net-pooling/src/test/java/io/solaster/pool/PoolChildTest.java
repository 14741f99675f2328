package io.solaster.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What takes a process of its own: a network that goes away, and the want of file descriptors. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class PoolChildTest {

    /** @param before what starts Java in another way, as words of a shell */
    private static String run(String before, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", "-c", before + " \"$@\"", "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-cp", System.getProperty("java.class.path"), PoolChild.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            // Reading would not end at a timeout of the test, the end of the process does.
            process.onExit().orTimeout(90, TimeUnit.SECONDS).whenComplete((end, late) -> process.destroyForcibly());
            return new String(process.getInputStream().readAllBytes());
        } finally {
            process.destroyForcibly();
        }
    }

    private static void assumeTransport(String transport) {
        assumeTrue(!transport.equals("epoll") || Epoll.isAvailable(), "no epoll here");
        assumeTrue(!transport.equals("io_uring") || IoUring.isAvailable(), "no io_uring here");
    }

    private static boolean mayUnshare() {
        try {
            return new ProcessBuilder("unshare", "-rn", "ip", "link", "set", "lo", "up").start().waitFor() == 0;
        } catch (IOException | InterruptedException e) {
            return false;
        }
    }

    @Test
    void findsConnectionsHalfOpen() throws Exception {
        findsConnectionsHalfOpen("epoll");
    }

    @Test
    @Tag("full")
    void findsConnectionsHalfOpenOnIoUring() throws Exception {
        findsConnectionsHalfOpen("io_uring");
    }

    /** No FIN, no RST, no ACK: TCP_USER_TIMEOUT finds it, where the transport has that. */
    private static void findsConnectionsHalfOpen(String transport) throws Exception {
        assumeTransport(transport);
        assumeTrue(mayUnshare(), "no network namespace of one's own here (unshare -rn, iproute2)");
        String said = run("ip=$(command -v ip); exec unshare -rn sh -c 'ip link set lo up; exec \"$@\"' sh", transport,
                "half-open");
        assertThat(said).contains("first: a x\n", "without a network: CONNECTION_LOST", "still without: ",
                "recovered\n",
                "broken 1\n", "closed\n");
    }

    @Test
    void saysThatThereAreNoFileDescriptorsAndRecovers() throws Exception {
        saysThatThereAreNoFileDescriptorsAndRecovers("epoll");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nio", "io_uring"})
    @Tag("full")
    void saysThatThereAreNoFileDescriptorsAndRecoversOnOtherTransports(String transport) throws Exception {
        saysThatThereAreNoFileDescriptorsAndRecovers(transport);
    }

    private static void saysThatThereAreNoFileDescriptorsAndRecovers(String transport) throws Exception {
        assumeTransport(transport);
        String said = run("ulimit -n 256; exec", transport, "descriptors");
        assertThat(said).containsPattern("without descriptors: CONNECT_FAILED .*open files.*ulimit -n")
                .containsPattern("with one connection: ACQUIRE_TIMEOUT .*open files.*ulimit -n").contains(
                        // It is no fault of the endpoint's.
                        "state HEALTHY\n", "held: a hold\n", "recovered\n", "closed\n")
                .containsPattern("connects failed [1-9]");
    }
}
