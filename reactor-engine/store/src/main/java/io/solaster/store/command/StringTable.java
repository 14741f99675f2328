package io.solaster.store.command;

import io.solaster.store.command.string.BitopCommands;
import io.solaster.store.command.string.HyperLogLogCommands;
import io.solaster.store.command.string.HyperLogLogDebug;
import io.solaster.store.command.string.LcsCommands;

/** The commands on strings. */
final class StringTable {
    private StringTable() {}

    static void write(CommandEntries to) {
        to.entry("get", 2, "readonly fast", StringCommands::get).key("RO access")
                .doc("string", "1.0.0", "O(1)", "The value of a key.", "key");
        to.entry("set", -3, "write denyoom", StringCommands::set).key("RW access update variable_flags")
                .doc("string", "1.0.0", "O(1)", "Gives a key a value.", "key value [NX|XX] [GET] [EX seconds"
                        + "|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]");
        to.entry("setnx", 3, "write denyoom fast", StringCommands::setnx).key("OW insert")
                .doc("string", "1.0.0", "O(1)", "Gives a key a value if it has none.", "key value");
        to.entry("setex", 4, "write denyoom", StringCommands::setex).key("OW update")
                .doc("string", "2.0.0", "O(1)", "Gives a key a value for some seconds.", "key seconds value");
        to.entry("psetex", 4, "write denyoom", StringCommands::psetex).key("OW update")
                .doc("string", "2.6.0", "O(1)", "Gives a key a value for some milliseconds.",
                        "key milliseconds value");
        to.entry("getset", 3, "write denyoom fast", StringCommands::getset).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Gives a key a value and answers the one before.", "key value");
        to.entry("getdel", 2, "write fast", StringCommands::getdel).key("RW access delete")
                .doc("string", "6.2.0", "O(1)", "Answers the value of a key and removes the key.", "key");
        to.entry("getex", -2, "write fast", StringCommands::getex).key("RW access update")
                .doc("string", "6.2.0", "O(1)", "Answers the value of a key and sets when it expires.",
                        "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]");
        to.entry("mget", -2, "readonly fast", StringCommands::mget).keys(-1, 1, SpreadCommands.MGET, "RO access")
                .tips("request_policy:multi_shard")
                .doc("string", "1.0.0", "O(N) in the number of keys", "The values of some keys.", "key...");
        to.entry("mset", -3, "write denyoom", StringCommands::mset).keys(-1, 2, SpreadCommands.MSET, "OW update")
                .tips("request_policy:multi_shard", "response_policy:all_succeeded")
                .doc("string", "1.0.1", "O(N) in the number of keys", "Gives some keys values.", "{key value}...");
        to.entry("msetnx", -3, "write denyoom", SpreadCommands::msetnx)
                .keys(-1, 2, SpreadCommands.MSETNX, "OW insert")
                .tips("request_policy:multi_shard", "response_policy:agg_min")
                .doc("string", "1.0.1", "O(N) in the number of keys", "Gives some keys values if none has one.",
                        "{key value}...");
        to.entry("incr", 2, "write denyoom fast", StringCommands::incr).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Adds one to the number that a key holds.", "key");
        to.entry("decr", 2, "write denyoom fast", StringCommands::decr).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Takes one from the number that a key holds.", "key");
        to.entry("incrby", 3, "write denyoom fast", StringCommands::incrby).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Adds to the number that a key holds.", "key increment");
        to.entry("decrby", 3, "write denyoom fast", StringCommands::decrby).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Takes from the number that a key holds.", "key decrement");
        to.entry("incrbyfloat", 3, "write denyoom fast", StringCommands::incrbyfloat).key("RW access update")
                .doc("string", "2.6.0", "O(1)", "Adds to the number with a fraction that a key holds.",
                        "key increment");
        to.entry("append", 3, "write denyoom fast", StringCommands::append).key("RW insert")
                .doc("string", "2.0.0", "O(1), amortized over many", "Adds to the end of a value.", "key value");
        to.entry("strlen", 2, "readonly fast", StringCommands::strlen).key("RO")
                .doc("string", "2.2.0", "O(1)", "The length of a value in bytes.", "key");
        to.entry("getrange", 4, "readonly", StringCommands::getrange).key("RO access")
                .doc("string", "2.4.0", "O(N) in the length of the answer", "A part of a value.", "key start end");
        to.entry("substr", 4, "readonly", StringCommands::getrange).key("RO access")
                .doc("string", "1.0.0", "O(N) in the length of the answer", "The old name of GETRANGE.",
                        "key start end");
        to.entry("setrange", 4, "write denyoom", StringCommands::setrange).key("RW update")
                .doc("string", "2.2.0", "O(N) in the length of the value", "Overwrites a part of a value.",
                        "key offset value");
        writeBits(to);
    }

    /** Those on the bits of strings. */
    private static void writeBits(CommandEntries to) {
        to.entry("getbit", 3, "readonly fast", BitCommands::getbit).key("RO access")
                .doc("bitmap", "2.2.0", "O(1)", "One bit of a value.", "key offset");
        to.entry("setbit", 4, "write denyoom", BitCommands::setbit).key("RW access update")
                .doc("bitmap", "2.2.0", "O(1)", "Sets one bit of a value and answers what it was.",
                        "key offset value");
        to.entry("bitcount", -2, "readonly", BitCommands::bitcount).key("RO access")
                .doc("bitmap", "2.6.0", "O(N) in the length of the value", "How many bits of a value are set.",
                        "key [start end BYTE|BIT]");
        to.entry("bitpos", -3, "readonly", BitCommands::bitpos).key("RO access")
                .doc("bitmap", "2.8.7", "O(N) in the length of the value",
                        "Where in a value the first bit is that is set, or is not.", "key bit [start end BYTE|BIT]");
        to.entry("bitfield", -2, "write denyoom", BitfieldCommands::bitfield).key("RW access update variable_flags")
                .doc("bitmap", "3.2.0", "O(1) for each operation",
                        "Reads, sets and adds to numbers of some bits within a value.",
                        "key [GET encoding offset|OVERFLOW overflow|SET encoding offset value"
                                + "|INCRBY encoding offset increment]...");
        to.entry("bitfield_ro", -2, "readonly fast", BitfieldCommands::bitfieldRo).key("RO access")
                .doc("bitmap", "6.0.0", "O(1) for each operation", "Reads numbers of some bits within a value.",
                        "key [GET encoding offset]...");
        to.entry("bitop", -4, "write denyoom", BitopCommands::bitop)
                .keys(2, -1, 1, null, BitopCommands.BITOP, "OW update | RO access")
                .doc("bitmap", "2.6.0", "O(N) in the length of the longest value", "Joins values bit by bit.",
                        "operation destkey key...");
        to.entry("lcs", -3, "readonly", LcsCommands::lcs).keys(2, 1, LcsCommands.LCS, "RO access")
                .doc("string", "7.0.0", "O(N*M) in the lengths of both values",
                        "What two values have in common, in order.",
                        "key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]");
        to.entry("pfadd", -2, "write denyoom fast", HyperLogLogCommands::pfadd).key("RW insert")
                .doc("hyperloglog", "2.8.9", "O(1) for each element", "Adds elements to a HyperLogLog.",
                        "key [element...]");
        to.entry("pfcount", -2, "readonly", HyperLogLogCommands::pfcount)
                .keys(-1, 1, HyperLogLogCommands.PFCOUNT, "RW access")
                .doc("hyperloglog", "2.8.9", "O(N) in the number of keys",
                        "About how many different elements were added.", "key...");
        to.entry("pfdebug", 3, "write denyoom admin", HyperLogLogDebug::pfdebug).keyOfSubcommand("RW access")
                .doc("hyperloglog", "2.8.9", "O(N) in the length of the value", "Shows a HyperLogLog from within.",
                        "subcommand key");
        to.entry("pfselftest", 1, "admin", HyperLogLogDebug::pfselftest)
                .doc("hyperloglog", "2.8.9", "O(1)", "Tests whether registers keep what they are given.", "");
        to.entry("pfmerge", -2, "write denyoom", HyperLogLogCommands::pfmerge)
                .keys(-1, 1, HyperLogLogCommands.PFMERGE, "RW access insert | RO access")
                .doc("hyperloglog", "2.8.9", "O(N) in the number of keys", "Merges some HyperLogLogs into one.",
                        "destkey [sourcekey...]");
    }
}
