package io.solaster.store.command.cluster;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.solaster.engine.Ownership;
import io.solaster.engine.Ownership.Node;
import io.solaster.engine.Slots;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.command.admin.Help;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import org.jspecify.annotations.Nullable;

/** What clients of Redis Cluster ask: who serves which slot, by {@link Ownership}. On the shard of the client. */
public final class ClusterCommands {
    private static final String OFF = "ERR This instance has cluster support disabled; set solaster.store.cluster to"
            + " 'true' to have it";
    private static final String NO_SLOT = "ERR Invalid or out of range slot";
    private static final int BUS = 10_000;
    private static final List<String> HELP = Help.of("CLUSTER", """
            COUNT-FAILURE-REPORTS <node-id>
                How many nodes say that one is down: 0.
            COUNTKEYSINSLOT <slot>
                How many keys a slot has.
            GETKEYSINSLOT <slot> <count>
                Keys of a slot.
            INFO
                What is known of the cluster.
            KEYSLOT <key>
                The slot of a key.
            LINKS
                Connections between nodes: none that clients would have to know.
            MYID
                The id of this node.
            MYSHARDID
                The same.
            NODES
                The nodes and their slots, a line each.
            REPLICAS <node-id>
                The nodes that keep copies of what one serves.
            SHARDS
                The slots by who serves them, with their nodes.
            SLOTS
                The runs of slots, with their nodes.
            """);

    private ClusterCommands() {}

    /** What slots one node serves, in runs: the first and the last one of each, one behind the other. */
    private record Run(int first, int last, @Nullable Node owner, List<Node> replicas) {}

    private static @Nullable Ownership ownership(CommandCall call) {
        Ownership ownership = call.shard().parts().ownership();
        if (ownership == null) {
            call.reply().error(OFF);
        }
        return ownership;
    }

    private static List<Run> runs(Ownership ownership) {
        List<Run> runs = new ArrayList<>();
        int first = 0;
        Node owner = ownership.owner(0);
        List<Node> replicas = ownership.replicas(0);
        for (int slot = 1; slot <= Slots.COUNT; slot++) {
            Node next = slot == Slots.COUNT ? null : ownership.owner(slot);
            List<Node> copies = slot == Slots.COUNT ? List.of() : ownership.replicas(slot);
            if (slot == Slots.COUNT || next == null != (owner == null) || next != null && !next.equals(owner)
                    || !copies.equals(replicas)) {
                runs.add(new Run(first, slot - 1, owner, replicas));
                first = slot;
                owner = next;
                replicas = copies;
            }
        }
        return runs;
    }

    private static String host(CommandCall call, Node node) {
        return node.host().isEmpty() && call.hasClient()
                && call.client().channel().localAddress() instanceof InetSocketAddress local
                        ? local.getAddress().getHostAddress()
                        : node.host();
    }

    private static int port(CommandCall call, Node node) {
        return node.port() == 0 && call.hasClient()
                && call.client().channel().localAddress() instanceof InetSocketAddress local
                        ? local.getPort()
                        : node.port();
    }

    // ---- the nodes

    public static void myId(CommandCall call) {
        Ownership ownership = ownership(call);
        if (ownership != null) {
            call.reply().bulk(ownership.self().id());
        }
    }

    public static void info(CommandCall call) {
        Ownership ownership = ownership(call);
        if (ownership == null) {
            return;
        }
        int served = 0;
        List<Node> owners = new ArrayList<>();
        for (Run run : runs(ownership)) {
            if (run.owner() != null) {
                served += run.last() - run.first() + 1;
                if (!owners.contains(run.owner())) {
                    owners.add(run.owner());
                }
            }
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("cluster_state", served == Slots.COUNT ? "ok" : "fail");
        fields.put("cluster_slots_assigned", served);
        fields.put("cluster_slots_ok", served);
        fields.put("cluster_slots_pfail", 0);
        fields.put("cluster_slots_fail", 0);
        fields.put("cluster_known_nodes", ownership.nodes().size());
        fields.put("cluster_size", owners.size());
        fields.put("cluster_current_epoch", ownership.epoch());
        fields.put("cluster_my_epoch", ownership.epoch());
        fields.put("cluster_stats_messages_sent", 0);
        fields.put("cluster_stats_messages_received", 0);
        fields.put("total_cluster_links_buffer_limit_exceeded", 0);
        StringBuilder text = new StringBuilder();
        fields.forEach((name, value) -> text.append(name).append(':').append(value).append("\r\n"));
        call.reply().verbatim("txt", text.toString());
    }

    public static void nodes(CommandCall call) {
        Ownership ownership = ownership(call);
        if (ownership != null) {
            List<Run> runs = runs(ownership);
            StringBuilder text = new StringBuilder();
            for (Node node : ownership.nodes()) {
                text.append(line(call, ownership, node, runs)).append('\n');
            }
            call.reply().verbatim("txt", text.toString());
        }
    }

    private static String line(CommandCall call, Ownership ownership, Node node, List<Run> runs) {
        StringBuilder line = new StringBuilder(node.id()).append(' ').append(host(call, node)).append(':')
                .append(port(call, node)).append('@').append(port(call, node) + BUS).append(' ')
                .append(node.equals(ownership.self()) ? "myself,master" : "master").append(" - 0 0 ")
                .append(ownership.epoch()).append(" connected");
        for (Run run : runs) {
            if (node.equals(run.owner())) {
                line.append(' ').append(run.first());
                if (run.last() > run.first()) {
                    line.append('-').append(run.last());
                }
            }
        }
        return line.toString();
    }

    public static void replicas(CommandCall call) {
        Ownership ownership = ownership(call);
        if (ownership == null) {
            return;
        }
        String id = call.text(2);
        Node asked = ownership.nodes().stream().filter(each -> each.id().equals(id)).findFirst().orElse(null);
        if (asked == null) {
            call.reply().error("ERR Unknown node " + call.word(2, 128));
            return;
        }
        List<Run> runs = runs(ownership);
        List<Node> copies = runs.stream().filter(run -> asked.equals(run.owner()))
                .flatMap(run -> run.replicas().stream()).distinct().toList();
        call.reply().arrayHeader(copies.size());
        copies.forEach(each -> call.reply().bulk(line(call, ownership, each, runs)));
    }

    public static void countFailureReports(CommandCall call) {
        if (ownership(call) != null) {
            call.reply().integer(0);
        }
    }

    public static void links(CommandCall call) {
        if (ownership(call) != null) {
            call.reply().arrayHeader(0);
        }
    }

    // ---- the slots

    public static void slots(CommandCall call) {
        Ownership ownership = ownership(call);
        if (ownership == null) {
            return;
        }
        List<Run> served = runs(ownership).stream().filter(run -> run.owner() != null).toList();
        ReplyWriter reply = call.reply();
        reply.arrayHeader(served.size());
        for (Run run : served) {
            reply.arrayHeader(3 + run.replicas().size());
            reply.integer(run.first());
            reply.integer(run.last());
            Node owner = run.owner();
            if (owner != null) {
                address(call, owner);
            }
            run.replicas().forEach(each -> address(call, each));
        }
    }

    private static void address(CommandCall call, Node node) {
        ReplyWriter reply = call.reply();
        reply.arrayHeader(4);
        reply.bulk(host(call, node));
        reply.integer(port(call, node));
        reply.bulk(node.id());
        reply.arrayHeader(0);
    }

    public static void shards(CommandCall call) {
        Ownership ownership = ownership(call);
        if (ownership == null) {
            return;
        }
        Map<Node, List<Run>> byOwner = new LinkedHashMap<>();
        for (Run run : runs(ownership)) {
            if (run.owner() != null) {
                byOwner.computeIfAbsent(run.owner(), none -> new ArrayList<>()).add(run);
            }
        }
        ReplyWriter reply = call.reply();
        reply.arrayHeader(byOwner.size());
        byOwner.forEach((owner, runs) -> {
            reply.mapHeader(2);
            reply.bulk("slots");
            reply.arrayHeader(2 * runs.size());
            for (Run run : runs) {
                reply.integer(run.first());
                reply.integer(run.last());
            }
            List<Node> copies = runs.stream().flatMap(run -> run.replicas().stream()).distinct().toList();
            reply.bulk("nodes");
            reply.arrayHeader(1 + copies.size());
            member(call, owner, "master");
            copies.forEach(each -> member(call, each, "replica"));
        });
    }

    private static void member(CommandCall call, Node node, String role) {
        ReplyWriter reply = call.reply();
        reply.mapHeader(7);
        reply.bulk("id");
        reply.bulk(node.id());
        reply.bulk("port");
        reply.integer(port(call, node));
        reply.bulk("ip");
        reply.bulk(host(call, node));
        reply.bulk("endpoint");
        reply.bulk(host(call, node));
        reply.bulk("role");
        reply.bulk(role);
        reply.bulk("replication-offset");
        reply.integer(0);
        reply.bulk("health");
        reply.bulk("online");
    }

    public static void keySlot(CommandCall call) {
        if (ownership(call) != null) {
            call.reply().integer(Slots.of(call.address(2), call.length(2)));
        }
    }

    public static void countKeysInSlot(CommandCall call) {
        if (ownership(call) == null || !isSlot(call)) {
            return;
        }
        call.later(SlotWalk.of(call.shard().parts(), (int) call.integer(), -1),
                (reply, walk) -> reply.integer(walk.count()));
    }

    public static void getKeysInSlot(CommandCall call) {
        if (ownership(call) == null || !isSlot(call)) {
            return;
        }
        int slot = (int) call.integer();
        if (!call.isInteger(3) || call.integer() < 0) {
            call.reply().error("ERR Invalid number of keys");
            return;
        }
        call.later(SlotWalk.of(call.shard().parts(), slot, call.integer()), (reply, walk) -> {
            reply.arrayHeader(walk.keys().size());
            walk.keys().forEach(reply::bulk);
        });
    }

    private static boolean isSlot(CommandCall call) {
        if (call.isInteger(2) && call.integer() >= 0 && call.integer() < Slots.COUNT) {
            return true;
        }
        call.reply().error(NO_SLOT);
        return false;
    }

    // ---- the connection

    public static void readOnly(CommandCall call) {
        if (ownership(call) != null) {
            call.client().state().readOnly(true);
            call.reply().ok();
        }
    }

    public static void readWrite(CommandCall call) {
        if (ownership(call) != null) {
            call.client().state().readOnly(false);
            call.reply().ok();
        }
    }

    /** No slot is ever half moved, so there is nothing to ask for. */
    public static void asking(CommandCall call) {
        if (ownership(call) != null) {
            call.reply().ok();
        }
    }

    /** Tells how many replicas have what this connection wrote: there are none, so nobody waits. */
    public static void await(CommandCall call) {
        if (!call.isInteger(1)) {
            call.reply().error(Errors.NOT_INTEGER);
        } else if (!call.isInteger(2)) {
            call.reply().error("ERR timeout is not an integer or out of range");
        } else if (call.integer() < 0) {
            call.reply().error("ERR timeout is negative");
        } else {
            call.reply().integer(0);
        }
    }

    public static void help(CommandCall call) {
        if (ownership(call) != null) {
            Help.answer(call, HELP);
        }
    }
}
