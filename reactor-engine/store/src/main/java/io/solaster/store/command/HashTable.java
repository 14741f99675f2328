package io.solaster.store.command;

import io.solaster.store.command.collection.FieldExpiryCommands;
import io.solaster.store.command.collection.HashCommands;

/** The commands on hashes. */
final class HashTable {
    private static final String SOME = "O(N) in the number of fields named";
    private static final String ALL = "O(N) in the number of fields";
    private static final String CONDITION = "[NX|XX|GT|LT] FIELDS numfields field...";

    private HashTable() {}

    static void write(CommandEntries to) {
        to.entry("hset", -4, "write denyoom fast", HashCommands::hset).key("RW update")
                .doc("hash", "2.0.0", SOME, "Gives fields of a hash values.", "key {field value}...");
        to.entry("hsetnx", 4, "write denyoom fast", HashCommands::hsetnx).key("RW insert")
                .doc("hash", "2.0.0", "O(1)", "Gives a field of a hash a value if it has none.", "key field value");
        to.entry("hmset", -4, "write denyoom fast", HashCommands::hmset).key("RW update")
                .doc("hash", "2.0.0", SOME, "Gives fields of a hash values, and answers OK.", "key {field value}...");
        to.entry("hget", 3, "readonly fast", HashCommands::hget).key("RO access")
                .doc("hash", "2.0.0", "O(1)", "The value of a field of a hash.", "key field");
        to.entry("hmget", -3, "readonly fast", HashCommands::hmget).key("RO access")
                .doc("hash", "2.0.0", SOME, "The values of some fields of a hash.", "key field...");
        to.entry("hgetall", 2, "readonly", HashCommands::hgetall).key("RO access")
                .tips("nondeterministic_output_order")
                .doc("hash", "2.0.0", ALL, "All fields of a hash and their values.", "key");
        to.entry("hkeys", 2, "readonly", HashCommands::hkeys).key("RO access").tips("nondeterministic_output_order")
                .doc("hash", "2.0.0", ALL, "All fields of a hash.", "key");
        to.entry("hvals", 2, "readonly", HashCommands::hvals).key("RO access").tips("nondeterministic_output_order")
                .doc("hash", "2.0.0", ALL, "The values of all fields of a hash.", "key");
        to.entry("hdel", -3, "write fast", HashCommands::hdel).key("RW delete")
                .doc("hash", "2.0.0", SOME, "Removes fields of a hash.", "key field...");
        to.entry("hexists", 3, "readonly fast", HashCommands::hexists).key("RO")
                .doc("hash", "2.0.0", "O(1)", "Whether a hash has a field.", "key field");
        to.entry("hlen", 2, "readonly fast", HashCommands::hlen).key("RO")
                .doc("hash", "2.0.0", "O(1)", "How many fields a hash has.", "key");
        to.entry("hstrlen", 3, "readonly fast", HashCommands::hstrlen).key("RO")
                .doc("hash", "3.2.0", "O(1)", "The length of a field's value in bytes.", "key field");
        to.entry("hincrby", 4, "write denyoom fast", HashCommands::hincrby).key("RW access update")
                .doc("hash", "2.0.0", "O(1)", "Adds to the number that a field holds.", "key field increment");
        to.entry("hincrbyfloat", 4, "write denyoom fast", HashCommands::hincrbyfloat).key("RW access update")
                .doc("hash", "2.6.0", "O(1)", "Adds to the number with a fraction that a field holds.",
                        "key field increment");
        to.entry("hrandfield", -2, "readonly", HashCommands::hrandfield).key("RO access")
                .tips("nondeterministic_output")
                .doc("hash", "6.2.0", "O(N) in the number of fields answered", "Fields of a hash, by chance.",
                        "key [count [WITHVALUES]]");
        to.entry("hscan", -3, "readonly", HashCommands::hscan).key("RO access").tips("nondeterministic_output")
                .doc("hash", "2.8.0", "O(1) for a call, O(N) in the number of fields for all of them",
                        "The fields of a hash, a few at each call.",
                        "key cursor [MATCH pattern] [COUNT count] [NOVALUES]");

        to.entry("hexpire", -6, "write denyoom fast", FieldExpiryCommands::hexpire).key("RW update")
                .doc("hash", "7.4.0", SOME, "Lets fields of a hash expire after some seconds.",
                        "key seconds " + CONDITION);
        to.entry("hpexpire", -6, "write denyoom fast", FieldExpiryCommands::hpexpire).key("RW update")
                .doc("hash", "7.4.0", SOME, "Lets fields of a hash expire after some milliseconds.",
                        "key milliseconds " + CONDITION);
        to.entry("hexpireat", -6, "write denyoom fast", FieldExpiryCommands::hexpireat).key("RW update")
                .doc("hash", "7.4.0", SOME, "Lets fields of a hash expire at a second.",
                        "key unix-time-seconds " + CONDITION);
        to.entry("hpexpireat", -6, "write denyoom fast", FieldExpiryCommands::hpexpireat).key("RW update")
                .doc("hash", "7.4.0", SOME, "Lets fields of a hash expire at a millisecond.",
                        "key unix-time-milliseconds " + CONDITION);
        to.entry("httl", -5, "readonly fast", FieldExpiryCommands::httl).key("RO access")
                .doc("hash", "7.4.0", SOME, "The seconds until fields of a hash expire.",
                        "key FIELDS numfields field...");
        to.entry("hpttl", -5, "readonly fast", FieldExpiryCommands::hpttl).key("RO access")
                .doc("hash", "7.4.0", SOME, "The milliseconds until fields of a hash expire.",
                        "key FIELDS numfields field...");
        to.entry("hexpiretime", -5, "readonly fast", FieldExpiryCommands::hexpiretime).key("RO access")
                .doc("hash", "7.4.0", SOME, "The second at which fields of a hash expire.",
                        "key FIELDS numfields field...");
        to.entry("hpexpiretime", -5, "readonly fast", FieldExpiryCommands::hpexpiretime).key("RO access")
                .doc("hash", "7.4.0", SOME, "The millisecond at which fields of a hash expire.",
                        "key FIELDS numfields field...");
        to.entry("hpersist", -5, "write fast", FieldExpiryCommands::hpersist).key("RW update")
                .doc("hash", "7.4.0", SOME, "Lets fields of a hash not expire.", "key FIELDS numfields field...");
    }
}
