package io.solaster.testkit.sim;

import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * The network between the machines of a simulation, and what goes wrong with it. By whoever holds the baton: the test, or
 * code that is simulated.
 */
public final class Network {
    /** How long TCP waits before it sends again what was lost, the first time. */
    static final long FIRST_RETRY = Duration.ofMillis(200).toNanos();
    private static final Duration LEAST = Duration.ofNanos(50_000);
    private static final Duration MOST = Duration.ofMillis(1);
    private static final Duration LEAST_WITHIN = Duration.ofNanos(5_000);
    private static final Duration MOST_WITHIN = Duration.ofNanos(30_000);
    private static final long SYN_RETRY = Duration.ofSeconds(1).toNanos();

    private final Scheduler scheduler;
    private final List<Machine> machines;
    private final Map<Long, Link> links = new LinkedHashMap<>();
    private int sockets;

    Network(Scheduler scheduler, List<Machine> machines) {
        this.scheduler = scheduler;
        this.machines = machines;
    }

    /** The way from one machine to another, which may be the same one. */
    public Link link(Machine from, Machine to) {
        return links.computeIfAbsent((long) from.number() << Integer.SIZE | to.number(),
                key -> new Link(scheduler, from + ">" + to, from == to ? LEAST_WITHIN : LEAST,
                        from == to ? MOST_WITHIN : MOST));
    }

    /** Nothing passes between two machines any more, either way, and nobody is told. */
    public void partition(Machine one, Machine other) {
        link(one, other).cut();
        link(other, one).cut();
    }

    /** Nothing passes between one machine and all others. */
    public void isolate(Machine one) {
        machines.stream().filter(other -> other != one).forEach(other -> partition(one, other));
    }

    /** Ends all cuts: what belongs to connections is sent again. */
    public void heal() {
        links.values().forEach(Link::heal);
    }

    /**
     * Resets each connection between two machines, on both sides.
     *
     * @return how many
     */
    public int reset(Machine one, Machine other) {
        List<Socket> open = new ArrayList<>(one.sockets());
        int count = 0;
        for (Socket socket : open) {
            Socket peer = socket.peer();
            if (peer != null && peer.machine == other && socket.isConnected()) {
                socket.wasReset();
                peer.wasReset();
                count++;
            }
        }
        return count;
    }

    int nextSocket() {
        return sockets++;
    }

    @Nullable
    Machine machine(InetAddress address) {
        for (Machine machine : machines) {
            if (machine.ip().equals(address)) {
                return machine;
            }
        }
        return null;
    }

    static InetAddress ip(int machine, String name) {
        try {
            return InetAddress.getByAddress(name, new byte[]{10, 0, (byte) (machine >> 8), (byte) (machine & 0xFF)});
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A client's first packet. */
    void connect(Socket client, InetSocketAddress remote) {
        Machine target = machine(Objects.requireNonNull(absolute(remote, client.machine).getAddress()));
        if (target == null) {
            // Nobody answers for an address that nobody has.
            return;
        }
        link(client.machine, target).send(64, () -> arrive(client, target, remote));
    }

    private void arrive(Socket client, Machine target, InetSocketAddress remote) {
        if (client.isClosed() || client.isConnected()) {
            return;
        }
        if (!target.isUp()) {
            target.sendAgainOnceUp(SYN_RETRY, () -> {
                if (!client.isClosed()) {
                    connect(client, remote);
                }
            });
            return;
        }
        Listening listening = target.listens(remote.getPort());
        if (listening == null || target.refuses()) {
            link(target, client.machine).send(64, () -> client.failedToConnect(
                    new ConnectException("Connection refused: " + remote)));
        } else if (!listening.hasRoom()) {
            scheduler.at(scheduler.now() + SYN_RETRY, () -> connect(client, remote));
        } else {
            Socket server = new Socket(this, target, new InetSocketAddress(target.ip(), remote.getPort()));
            server.connectedTo(client);
            listening.accept(server);
            link(target, client.machine).send(64, () -> client.connectedTo(server));
        }
    }

    /** Where a machine's own name for itself, or for any of its addresses, leads to. */
    InetSocketAddress absolute(InetSocketAddress to, Machine from) {
        InetAddress address = Objects.requireNonNull(to.getAddress());
        return address.isLoopbackAddress() || address.isAnyLocalAddress()
                ? new InetSocketAddress(from.ip(), to.getPort())
                : to;
    }

    /** A datagram, which may arrive, and more than once. */
    void send(UdpSocket from, byte[] bytes, InetSocketAddress to) {
        Machine target = machine(Objects.requireNonNull(to.getAddress()));
        if (target != null) {
            link(from.machine, target).sendDatagram(bytes.length, () -> arrive(from, bytes, target, to));
        }
    }

    private void arrive(UdpSocket from, byte[] bytes, Machine target, InetSocketAddress to) {
        if (!target.isUp()) {
            return;
        }
        UdpSocket socket = target.hears(to.getPort(), from.local());
        if (socket != null) {
            socket.receive(bytes, from.local());
        } else {
            link(target, from.machine).sendDatagram(0, () -> from.foundNobody(to));
        }
    }

    boolean hasDatagrams() {
        return machines.stream().anyMatch(Machine::hasDatagrams);
    }

    Scheduler scheduler() {
        return scheduler;
    }
}
