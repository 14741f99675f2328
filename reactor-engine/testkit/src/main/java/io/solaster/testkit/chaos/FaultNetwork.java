package io.solaster.testkit.chaos;

import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The network between nodes that have names: a {@link FaultProxy} stands between each two of them that talk. What goes from
 * one node to another can be harmed by itself, whichever of both has connected.
 *
 * {@snippet :
 * try (FaultNetwork network = new FaultNetwork(42, new Events())) {
 *     network.node("a", serverOfA.address());
 *     network.node("b", serverOfB.address());
 *     connectTo(network.address("a", "b"));     // as a does to reach b
 *     network.set("b", "a", Faults.NONE.cut()); // a is heard by b, and hears nothing
 *     network.heal();
 * }
 * }
 *
 * Any thread.
 */
public final class FaultNetwork implements AutoCloseable {
    private final long seed;
    private final Events events;
    private final Map<String, InetSocketAddress> nodes = new LinkedHashMap<>();
    private final Map<Way, FaultProxy> proxies = new LinkedHashMap<>();
    private final Map<Way, Faults> faults = new LinkedHashMap<>();

    private record Way(String from, String to) {}

    /**
     * A network without nodes.
     *
     * @param seed what chance is drawn from
     * @param events told of what is done to the network
     */
    public FaultNetwork(long seed, Events events) {
        this.seed = seed;
        this.events = events;
    }

    /**
     * A node listens here; one that has a new address is found there by new connections.
     *
     * @param address on the loopback interface
     */
    public synchronized void node(String name, InetSocketAddress address) {
        nodes.put(name, Loopback.only(address));
        proxies.forEach((way, proxy) -> {
            if (way.to.equals(name)) {
                proxy.forwardTo(address);
            }
        });
    }

    /** The names of the nodes, in the order in which they came. */
    public synchronized Set<String> nodes() {
        return Set.copyOf(nodes.keySet());
    }

    /** Where one node reaches another. */
    public synchronized InetSocketAddress address(String from, String to) {
        return proxy(from, to).address();
    }

    /** What stands between a node that connects and one that listens. */
    public synchronized FaultProxy proxy(String from, String to) {
        known(from);
        InetSocketAddress address = known(to);
        return proxies.computeIfAbsent(new Way(from, to), way -> {
            FaultProxy proxy = FaultProxy.open(seed + proxies.size(), events);
            events.add("proxy " + proxy.address().getPort() + " stands from " + from + " to " + to);
            proxy.forwardTo(address);
            proxy.set(Direction.TO_SERVER, faults.getOrDefault(way, Faults.NONE));
            proxy.set(Direction.TO_CLIENT, faults.getOrDefault(new Way(to, from), Faults.NONE));
            return proxy;
        });
    }

    private InetSocketAddress known(String node) {
        InetSocketAddress address = nodes.get(node);
        if (address == null) {
            throw new IllegalArgumentException("no node '" + node + "', there are " + nodes.keySet()
                    + "; declare it by node(name, address)");
        }
        return address;
    }

    /** What becomes of all that one node sends another, on connections of either. */
    public synchronized void set(String from, String to, Faults newFaults) {
        known(from);
        known(to);
        faults.put(new Way(from, to), newFaults);
        events.add("network " + from + " to " + to + ": " + newFaults);
        FaultProxy ahead = proxies.get(new Way(from, to));
        if (ahead != null) {
            ahead.set(Direction.TO_SERVER, newFaults);
        }
        FaultProxy back = proxies.get(new Way(to, from));
        if (back != null) {
            back.set(Direction.TO_CLIENT, newFaults);
        }
    }

    /** These hear nothing of the others, nor the others of these. */
    public void partition(Collection<String> side) {
        for (String here : side) {
            for (String there : nodes()) {
                if (!side.contains(there)) {
                    set(here, there, Faults.NONE.cut());
                    set(there, here, Faults.NONE.cut());
                }
            }
        }
    }

    /** All passes again. */
    public synchronized void heal() {
        events.add("network heals");
        faults.clear();
        proxies.values().forEach(FaultProxy::heal);
    }

    /** How much of something has happened on the way from a node that connects to one that listens. */
    public synchronized long count(String from, String to, FaultProxy.Effect effect) {
        FaultProxy proxy = proxies.get(new Way(from, to));
        return proxy == null ? 0 : proxy.count(effect);
    }

    /** Ends all proxies. Returns once they have ended. */
    @Override
    public synchronized void close() {
        List.copyOf(proxies.values()).forEach(FaultProxy::close);
        proxies.clear();
    }
}
