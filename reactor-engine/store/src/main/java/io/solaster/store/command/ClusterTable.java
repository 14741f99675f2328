package io.solaster.store.command;

import io.solaster.store.command.cluster.ClusterCommands;

/** The commands about the nodes of a cluster. */
final class ClusterTable {
    private ClusterTable() {}

    static void write(CommandEntries to) {
        to.entry("cluster", -2, "").subcommands(
                to.sub("cluster|count-failure-reports", 3, "admin stale", ClusterCommands::countFailureReports)
                        .tips("nondeterministic_output")
                        .doc("cluster", "3.0.0", "O(1)", "How many nodes say that one is down.", "node-id"),
                to.sub("cluster|countkeysinslot", 3, "stale", ClusterCommands::countKeysInSlot)
                        .doc("cluster", "3.0.0", "O(N) in the number of keys of the shard that has the slot",
                                "How many keys a slot has.", "slot"),
                to.sub("cluster|getkeysinslot", 4, "stale", ClusterCommands::getKeysInSlot)
                        .tips("nondeterministic_output")
                        .doc("cluster", "3.0.0", "O(N) in the number of keys of the shard that has the slot",
                                "Keys of a slot.", "slot count"),
                to.sub("cluster|info", 2, "stale", ClusterCommands::info).tips("nondeterministic_output")
                        .doc("cluster", "3.0.0", "O(1)", "What is known of the cluster.", ""),
                to.sub("cluster|keyslot", 3, "stale", ClusterCommands::keySlot)
                        .doc("cluster", "3.0.0", "O(N) in the length of the key", "The slot of a key.", "key"),
                to.sub("cluster|links", 2, "stale", ClusterCommands::links).tips("nondeterministic_output")
                        .doc("cluster", "7.0.0", "O(1)", "Connections between nodes.", ""),
                to.sub("cluster|myid", 2, "stale", ClusterCommands::myId)
                        .doc("cluster", "3.0.0", "O(1)", "The id of this node.", ""),
                to.sub("cluster|myshardid", 2, "stale", ClusterCommands::myId).tips("nondeterministic_output")
                        .doc("cluster", "7.2.0", "O(1)", "The id of this node.", ""),
                to.sub("cluster|nodes", 2, "stale", ClusterCommands::nodes).tips("nondeterministic_output")
                        .doc("cluster", "3.0.0", "O(N) in the number of nodes", "The nodes and their slots.", ""),
                to.sub("cluster|replicas", 3, "admin stale", ClusterCommands::replicas)
                        .tips("nondeterministic_output")
                        .doc("cluster", "5.0.0", "O(N) in the number of nodes",
                                "The nodes that keep copies of what one serves.", "node-id"),
                to.sub("cluster|shards", 2, "stale", ClusterCommands::shards).tips("nondeterministic_output")
                        .doc("cluster", "7.0.0", "O(N) in the number of nodes", "The slots, by who serves them.", ""),
                to.sub("cluster|slots", 2, "stale", ClusterCommands::slots).tips("nondeterministic_output")
                        .doc("cluster", "3.0.0", "O(N) in the number of nodes", "The slots, in runs.", ""),
                to.sub("cluster|help", 2, "loading stale", ClusterCommands::help)
                        .doc("cluster", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("cluster", "3.0.0", "Depends on the subcommand", "The nodes of a cluster, and their slots.", "");
        to.entry("asking", 1, "fast", ClusterCommands::asking).acl("connection")
                .doc("cluster", "3.0.0", "O(1)", "Accepted: no slot is ever half moved.", "");
        to.entry("readonly", 1, "loading stale fast", ClusterCommands::readOnly).acl("connection")
                .doc("cluster", "3.0.0", "O(1)", "Lets this connection read copies.", "");
        to.entry("readwrite", 1, "loading stale fast", ClusterCommands::readWrite).acl("connection")
                .doc("cluster", "3.0.0", "O(1)", "Has this connection read no copies.", "");
        to.entry("wait", 3, "noscript", ClusterCommands::await).acl("connection")
                .tips("request_policy:all_shards", "response_policy:agg_min")
                .doc("generic", "3.0.0", "O(1)", "How many replicas have what this connection wrote.",
                        "numreplicas timeout");
    }
}
