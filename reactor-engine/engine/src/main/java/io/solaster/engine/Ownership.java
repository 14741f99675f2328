package io.solaster.engine;

import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * Which node serves which slot ({@link Slots}): what is known of it in this process. One process alone serves all of them ({@link
 * #alone}); a cluster brings its own. Which shard of this process has a slot is no part of it: see {@link Slots#shardOf}.
 *
 * <p>
 * Any thread may ask, at any time, so what is asked changes as a whole or not at all: an implementation publishes a map that is
 * never written again.
 */
public interface Ownership {

    /**
     * A process that serves slots, or keeps copies of them.
     *
     * @param id 40 hexadecimal digits that no other node has, and that it keeps over a restart
     * @param host where clients reach it; empty for the address at which a client has reached this process
     * @param port where clients reach it; 0 for the port at which a client has reached this process
     */
    record Node(String id, String host, int port) {
        /**
         * Checks the id.
         *
         * @throws IllegalArgumentException if it is no such id, or the port is none
         */
        public Node {
            if (!id.matches("[0-9a-f]{40}")) {
                throw new IllegalArgumentException("node id '" + id + "': give 40 hexadecimal digits in lower case");
            }
            Objects.requireNonNull(host);
            if (port < 0 || port > 65535) {
                throw new IllegalArgumentException("port " + port + " of node " + id + ": give 0 to 65535");
            }
        }
    }

    /** Grows with each change of what the other methods say. */
    long epoch();

    /** This process. */
    Node self();

    /** All nodes, this one among them. */
    List<Node> nodes();

    /** The node that serves a slot; null while none does. */
    @Nullable
    Node owner(int slot);

    /** Nodes that keep copies of a slot, without its owner. */
    List<Node> replicas(int slot);

    /** Whether this process serves all slots, so that nobody needs to ask for one. */
    default boolean isWhole() {
        for (int slot = 0; slot < Slots.COUNT; slot++) {
            if (!self().equals(owner(slot))) {
                return false;
            }
        }
        return true;
    }

    /** One process that serves all slots, and has no copies. */
    static Ownership alone(Node self) {
        List<Node> nodes = List.of(self);
        return new Ownership() {
            @Override
            public long epoch() {
                return 0;
            }

            @Override
            public Node self() {
                return self;
            }

            @Override
            public List<Node> nodes() {
                return nodes;
            }

            @Override
            public Node owner(int slot) {
                return self;
            }

            @Override
            public List<Node> replicas(int slot) {
                return List.of();
            }

            @Override
            public boolean isWhole() {
                return true;
            }
        };
    }
}
