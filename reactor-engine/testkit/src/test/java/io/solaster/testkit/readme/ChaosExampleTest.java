package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;

import io.solaster.testkit.chaos.Chaos;
import io.solaster.testkit.chaos.ChildJvm;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.junit.Seed;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@SolasterTest
@EnabledOnOs(OS.LINUX)
class ChaosExampleTest {
    static final class EchoServer {
        public static void main(String[] arguments) throws IOException {
            try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
                System.out.println("port " + server.getLocalPort());
                while (true) {
                    try (Socket socket = server.accept()) {
                        socket.getInputStream().transferTo(socket.getOutputStream());
                    } catch (IOException e) {
                        System.out.println("went on after " + e);
                    }
                }
            }
        }
    }

    private static int echo(InetSocketAddress address, int number) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(number);
            socket.shutdownOutput();
            return socket.getInputStream().read();
        }
    }

    @Test
    void theServerSurvivesWhatHappens(FaultProxy proxy, Events events, @Seed long seed) throws Exception {
        try (ChildJvm server = ChildJvm.of(EchoServer.class).start(events)) {
            proxy.forwardTo(new InetSocketAddress("127.0.0.1", server.number("port ")));
            Chaos chaos = Chaos.plan(seed).fault("partition", proxy::partition, proxy::heal)
                    .fault("standstill", server::stop, server::goOn)
                    .fault("no descriptors", server::starveOfDescriptors, server::feed);
            try (Chaos.Run run = chaos.start(Duration.ofSeconds(1), events)) {
                run.join(); // clients would go on meanwhile
            }
            assertThat(echo(proxy.address(), 42)).isEqualTo(42);
        }
    }
}
