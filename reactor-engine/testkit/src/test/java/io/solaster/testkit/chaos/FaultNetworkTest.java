package io.solaster.testkit.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Set;

import io.solaster.testkit.chaos.FaultProxy.Effect;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultNetworkTest {
    private final Events events = new Events();
    private FaultNetwork network;
    private ServerSocket ofA;
    private ServerSocket ofB;

    @BeforeEach
    void start() throws IOException {
        ofA = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        ofB = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        network = new FaultNetwork(1, events);
        network.node("a", new InetSocketAddress(ofA.getInetAddress(), ofA.getLocalPort()));
        network.node("b", new InetSocketAddress(ofB.getInetAddress(), ofB.getLocalPort()));
    }

    @AfterEach
    void stop() throws IOException {
        network.close();
        ofA.close();
        ofB.close();
    }

    /** Both ends of a connection that a node makes to another. */
    private record Pair(Socket client, Socket server) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    private Pair connect(String from, String to) throws IOException {
        InetSocketAddress address = network.address(from, to);
        Socket client = new Socket(address.getAddress(), address.getPort());
        Socket server = (to.equals("a") ? ofA : ofB).accept();
        client.setSoTimeout(30_000);
        server.setSoTimeout(30_000);
        return new Pair(client, server);
    }

    private static void passes(Socket from, Socket to) throws IOException {
        from.getOutputStream().write(7);
        assertThat(to.getInputStream().read()).isEqualTo(7);
    }

    private static void isLost(Socket from, Socket to) throws IOException {
        from.getOutputStream().write(8);
        to.setSoTimeout(100);
        assertThatThrownBy(() -> to.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        to.setSoTimeout(30_000);
    }

    @Test
    void aCutGoesOneWayOnConnectionsOfBoth() throws IOException {
        try (Pair fromA = connect("a", "b"); Pair fromB = connect("b", "a")) {
            passes(fromA.client, fromA.server);
            passes(fromB.client, fromB.server);
            network.set("a", "b", Faults.NONE.cut());
            isLost(fromA.client, fromA.server);
            isLost(fromB.server, fromB.client);
            passes(fromA.server, fromA.client);
            passes(fromB.client, fromB.server);
        }
        assertThat(network.count("a", "b", Effect.LOST_BYTES)).isOne();
        assertThat(network.count("b", "a", Effect.LOST_BYTES)).isOne();
        network.heal();
        try (Pair again = connect("a", "b")) {
            passes(again.client, again.server);
        }
        assertThat(events.toString()).contains("network a to b: cut", "network heals");
    }

    @Test
    void aCutHoldsForConnectionsThatComeLater() throws IOException {
        network.set("b", "a", Faults.NONE.cut());
        try (Pair pair = connect("a", "b")) {
            passes(pair.client, pair.server);
            isLost(pair.server, pair.client);
        }
    }

    @Test
    void aPartitionParts() throws IOException {
        network.partition(Set.of("b"));
        try (Pair pair = connect("a", "b")) {
            isLost(pair.client, pair.server);
            isLost(pair.server, pair.client);
        }
    }

    @Test
    void nodesStayOnTheMachineAndHaveNames() {
        assertThatThrownBy(() -> network.node("c", new InetSocketAddress("192.0.2.1", 80)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("192.0.2.1")
                .hasMessageContaining("loopback");
        assertThatThrownBy(() -> network.address("a", "x")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no node 'x', there are [a, b]");
    }
}
