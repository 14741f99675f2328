package io.solaster.store.command;

import java.util.List;

import io.solaster.store.command.algebra.RangeStore;
import io.solaster.store.command.algebra.SetAlgebra;
import io.solaster.store.command.collection.FirstOfKeys;
import io.solaster.store.command.collection.SortedSetCommands;
import io.solaster.store.command.collection.SortedSetRanges;
import io.solaster.store.command.geo.GeoCommands;
import io.solaster.store.command.geo.GeoSearch;
import io.solaster.store.shard.Command.Keys;

/** The commands on sorted sets. */
final class SortedSetTable {
    private static final String GROUP = "sorted-set";
    private static final String BY_LOG = "O(log(N))";
    private static final String RANGE = "O(log(N)+M): M the members answered";
    private static final String REMOVAL = "O(log(N)) for each member removed";

    private static final String ALL = "O(N*log(N)) in the number of members of all of them";
    private static final String SMALLEST = "O(N*M+R*log(R)) with the smallest one's size N, M of them, R members in common";

    private SortedSetTable() {}

    static void write(CommandEntries to) {
        to.entry("zadd", -4, "write denyoom fast", SortedSetCommands::zadd).key("RW update")
                .doc(GROUP, "1.2.0", "O(log(N)) for each member", "Gives members scores.",
                        "key [NX|XX] [GT|LT] [CH] [INCR] {score member}...");
        to.entry("zincrby", 4, "write denyoom fast", SortedSetCommands::zincrby).key("RW access update")
                .doc(GROUP, "1.2.0", BY_LOG, "Adds to the score of a member.", "key increment member");
        to.entry("zrem", -3, "write fast", SortedSetCommands::zrem).key("RW delete")
                .doc(GROUP, "1.2.0", REMOVAL, "Removes members.", "key member...");
        to.entry("zcard", 2, "readonly fast", SortedSetCommands::zcard).key("RO")
                .doc(GROUP, "1.2.0", "O(1)", "How many members a sorted set has.", "key");
        to.entry("zscore", 3, "readonly fast", SortedSetCommands::zscore).key("RO access")
                .doc(GROUP, "1.2.0", "O(1)", "The score of a member.", "key member");
        to.entry("zmscore", -3, "readonly fast", SortedSetCommands::zmscore).key("RO access")
                .doc(GROUP, "6.2.0", "O(1) for each member", "The scores of some members.", "key member...");
        to.entry("zrank", -3, "readonly fast", SortedSetCommands::zrank).key("RO access")
                .doc(GROUP, "2.0.0", BY_LOG, "The rank of a member, lowest score first.", "key member [WITHSCORE]");
        to.entry("zrevrank", -3, "readonly fast", SortedSetCommands::zrevrank).key("RO access")
                .doc(GROUP, "2.0.0", BY_LOG, "The rank of a member, highest score first.", "key member [WITHSCORE]");
        to.entry("zcount", 4, "readonly fast", SortedSetRanges::zcount).key("RO access")
                .doc(GROUP, "2.0.0", BY_LOG, "How many members have a score in a range.", "key min max");
        to.entry("zlexcount", 4, "readonly fast", SortedSetRanges::zlexcount).key("RO access")
                .doc(GROUP, "2.8.9", BY_LOG, "How many members are in a range, where all have one score.",
                        "key min max");
        to.entry("zrange", -4, "readonly", SortedSetRanges::zrange).key("RO access")
                .doc(GROUP, "1.2.0", RANGE, "A range of members, by rank, score or bytes.",
                        "key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]");
        to.entry("zrevrange", -4, "readonly", SortedSetRanges::zrevrange).key("RO access")
                .doc(GROUP, "1.2.0", RANGE, "A range of members by rank, highest score first.",
                        "key start stop [WITHSCORES]");
        to.entry("zrangebyscore", -4, "readonly", SortedSetRanges::zrangebyscore).key("RO access")
                .doc(GROUP, "1.0.5", RANGE, "A range of members by score.",
                        "key min max [WITHSCORES] [LIMIT offset count]");
        to.entry("zrevrangebyscore", -4, "readonly", SortedSetRanges::zrevrangebyscore).key("RO access")
                .doc(GROUP, "2.2.0", RANGE, "A range of members by score, highest first.",
                        "key max min [WITHSCORES] [LIMIT offset count]");
        to.entry("zrangebylex", -4, "readonly", SortedSetRanges::zrangebylex).key("RO access")
                .doc(GROUP, "2.8.9", RANGE, "A range of members by their bytes, where all have one score.",
                        "key min max [LIMIT offset count]");
        to.entry("zrevrangebylex", -4, "readonly", SortedSetRanges::zrevrangebylex).key("RO access")
                .doc(GROUP, "2.8.9", RANGE, "A range of members by their bytes, last first.",
                        "key max min [LIMIT offset count]");
        to.entry("zremrangebyrank", 4, "write", SortedSetRanges::zremrangebyrank).key("RW delete")
                .doc(GROUP, "2.0.0", REMOVAL, "Removes members by rank.", "key start stop");
        to.entry("zremrangebyscore", 4, "write", SortedSetRanges::zremrangebyscore).key("RW delete")
                .doc(GROUP, "1.2.0", REMOVAL, "Removes members by score.", "key min max");
        to.entry("zremrangebylex", 4, "write", SortedSetRanges::zremrangebylex).key("RW delete")
                .doc(GROUP, "2.8.9", REMOVAL, "Removes members by their bytes, where all have one score.",
                        "key min max");
        to.entry("zpopmin", -2, "write fast", SortedSetCommands::zpopmin).key("RW access delete")
                .doc(GROUP, "5.0.0", REMOVAL, "Removes the members of the lowest scores and answers them.",
                        "key [count]");
        to.entry("zpopmax", -2, "write fast", SortedSetCommands::zpopmax).key("RW access delete")
                .doc(GROUP, "5.0.0", REMOVAL, "Removes the members of the highest scores and answers them.",
                        "key [count]");
        to.entry("zmpop", -4, "write movablekeys", FirstOfKeys::zmpop)
                .keys(0, 0, 0, Keys.counted(1), FirstOfKeys.ZMPOP, "RW access delete")
                .doc(GROUP, "7.0.0", "O(K) + O(M*log(N)): K keys, M members answered",
                        "Removes members of the first of some sorted sets that is there, and answers them.",
                        "numkeys key... [MIN|MAX] [COUNT count]");
        to.entry("bzpopmin", -3, "write noscript blocking fast", FirstOfKeys::bzpopmin)
                .keys(1, -2, 1, null, FirstOfKeys.BZPOPMIN, "RW access delete")
                .doc(GROUP, "5.0.0", BY_LOG,
                        "Removes the member of the lowest score of the first of some sorted sets that is there, or waits"
                                + " for one.",
                        "key... timeout");
        to.entry("bzpopmax", -3, "write noscript blocking fast", FirstOfKeys::bzpopmax)
                .keys(1, -2, 1, null, FirstOfKeys.BZPOPMAX, "RW access delete")
                .doc(GROUP, "5.0.0", BY_LOG,
                        "Removes the member of the highest score of the first of some sorted sets that is there, or"
                                + " waits for one.",
                        "key... timeout");
        to.entry("bzmpop", -5, "write blocking movablekeys", FirstOfKeys::bzmpop)
                .keys(0, 0, 0, Keys.counted(2), FirstOfKeys.BZMPOP, "RW access delete")
                .doc(GROUP, "7.0.0", "O(K) + O(M*log(N)): K keys, M members answered",
                        "Removes members of the first of some sorted sets that is there, or waits for one.",
                        "timeout numkeys key... [MIN|MAX] [COUNT count]");
        to.entry("zrandmember", -2, "readonly", SortedSetCommands::zrandmember).key("RO access")
                .tips("nondeterministic_output")
                .doc(GROUP, "6.2.0", "O(log(N)) for each member answered", "Members chosen by chance.",
                        "key [count] [WITHSCORES]");
        writeAlgebra(to);
        writeGeo(to);
        to.entry("zscan", -3, "readonly", SortedSetCommands::zscan).key("RO access").tips("nondeterministic_output")
                .doc(GROUP, "2.8.0", "O(1) for each call", "Goes through a sorted set, a few members a call.",
                        "key cursor [MATCH pattern] [COUNT count]");
    }

    private static void writeAlgebra(CommandEntries to) {
        to.entry("zunion", -3, "readonly movablekeys", SetAlgebra.ZUNION::run)
                .keys(0, 0, 0, Keys.counted(1), SetAlgebra.ZUNION, "RO access")
                .doc(GROUP, "6.2.0", ALL, "The members of some sorted sets, with their scores.",
                        "numkeys key... [WEIGHTS weight...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]");
        to.entry("zunionstore", -4, "write denyoom movablekeys", SetAlgebra.ZUNIONSTORE::run)
                .keys(1, 1, 1, Keys.targetAndCounted(1, 2), SetAlgebra.ZUNIONSTORE, "OW update | RO access")
                .doc(GROUP, "2.0.0", ALL, "Makes a sorted set of the members of some.",
                        "destination numkeys key... [WEIGHTS weight...] [AGGREGATE SUM|MIN|MAX]");
        to.entry("zinter", -3, "readonly movablekeys", SetAlgebra.ZINTER::run)
                .keys(0, 0, 0, Keys.counted(1), SetAlgebra.ZINTER, "RO access")
                .doc(GROUP, "6.2.0", SMALLEST, "The members that some sorted sets have in common, with their scores.",
                        "numkeys key... [WEIGHTS weight...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]");
        to.entry("zinterstore", -4, "write denyoom movablekeys", SetAlgebra.ZINTERSTORE::run)
                .keys(1, 1, 1, Keys.targetAndCounted(1, 2), SetAlgebra.ZINTERSTORE, "OW update | RO access")
                .doc(GROUP, "2.0.0", SMALLEST, "Makes a sorted set of the members that some have in common.",
                        "destination numkeys key... [WEIGHTS weight...] [AGGREGATE SUM|MIN|MAX]");
        to.entry("zintercard", -3, "readonly movablekeys", SetAlgebra.ZINTERCARD::run)
                .keys(0, 0, 0, Keys.counted(1), SetAlgebra.ZINTERCARD, "RO access")
                .doc(GROUP, "7.0.0", SMALLEST, "How many members some sorted sets have in common.",
                        "numkeys key... [LIMIT limit]");
        to.entry("zdiff", -3, "readonly movablekeys", SetAlgebra.ZDIFF::run)
                .keys(0, 0, 0, Keys.counted(1), SetAlgebra.ZDIFF, "RO access")
                .doc(GROUP, "6.2.0", ALL, "The members of a sorted set that others do not have.",
                        "numkeys key... [WITHSCORES]");
        to.entry("zdiffstore", -4, "write denyoom movablekeys", SetAlgebra.ZDIFFSTORE::run)
                .keys(1, 1, 1, Keys.targetAndCounted(1, 2), SetAlgebra.ZDIFFSTORE, "OW update | RO access")
                .doc(GROUP, "6.2.0", ALL, "Makes a sorted set of the members of one that others do not have.",
                        "destination numkeys key...");
        to.entry("zrangestore", -5, "write denyoom", RangeStore::zrangestore)
                .keys(2, 1, RangeStore.ZRANGESTORE, "OW update | RO access")
                .doc(GROUP, "6.2.0", RANGE, "Makes a sorted set of a range of another one.",
                        "dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]");
    }

    /** Places are members of sorted sets. */
    private static void writeGeo(CommandEntries to) {
        String found = "O(N+log(M)) with N members in the cells that are searched, M of all";
        String by = "[WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC]";
        to.entry("geoadd", -5, "write denyoom", GeoCommands::geoadd).key("RW update")
                .doc("geo", "3.2.0", "O(log(N)) for each place", "Adds places to a sorted set.",
                        "key [NX|XX] [CH] {longitude latitude member}...");
        to.entry("geodist", -4, "readonly", GeoCommands::geodist).key("RO access")
                .doc("geo", "3.2.0", "O(1)", "How far two members are from each other.",
                        "key member1 member2 [M|KM|FT|MI]");
        to.entry("geohash", -2, "readonly", GeoCommands::geohash).key("RO access")
                .doc("geo", "3.2.0", "O(1) for each member", "The places of members, as geohashes.", "key [member]...");
        to.entry("geopos", -2, "readonly", GeoCommands::geopos).key("RO access")
                .doc("geo", "3.2.0", "O(1) for each member", "The longitudes and latitudes of members.",
                        "key [member]...");
        to.entry("geosearch", -7, "readonly", GeoSearch.GEOSEARCH::run)
                .keys(1, 1, GeoSearch.GEOSEARCH, "RO access")
                .doc("geo", "6.2.0", found, "Members within a circle or a rectangle.",
                        "key [FROMMEMBER member] [FROMLONLAT longitude latitude] [BYRADIUS radius M|KM|FT|MI]"
                                + " [BYBOX width height M|KM|FT|MI] [ASC|DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]");
        to.entry("geosearchstore", -8, "write denyoom", GeoSearch.GEOSEARCHSTORE::run)
                .keys(1, 2, 1, new Keys.Shown(GeoSearch.GEOSEARCHSTORE.keys(), List.of("1", "2")),
                        GeoSearch.GEOSEARCHSTORE, "OW update | RO access")
                .doc("geo", "6.2.0", found, "Makes a sorted set of members within a circle or a rectangle.",
                        "destination source [FROMMEMBER member] [FROMLONLAT longitude latitude]"
                                + " [BYRADIUS radius M|KM|FT|MI] [BYBOX width height M|KM|FT|MI] [ASC|DESC]"
                                + " [COUNT count [ANY]] [STOREDIST]");
        to.entry("georadius", -6, "write denyoom movablekeys", GeoSearch.GEORADIUS::run)
                .keys(1, 1, 1, new Keys.Shown(GeoSearch.GEORADIUS.keys(), List.of("1", "STORE 6", "STOREDIST 6")),
                        GeoSearch.GEORADIUS, "RO access | OW update | OW update")
                .doc("geo", "3.2.0", found, "Members within a circle.",
                        "key longitude latitude radius M|KM|FT|MI " + by
                                + " [STORE storekey] [STOREDIST storedistkey]");
        to.entry("georadius_ro", -6, "readonly", GeoSearch.GEORADIUS_RO::run)
                .keys(1, 1, GeoSearch.GEORADIUS_RO, "RO access")
                .doc("geo", "3.2.10", found, "Members within a circle.",
                        "key longitude latitude radius M|KM|FT|MI " + by);
        to.entry("georadiusbymember", -5, "write denyoom movablekeys", GeoSearch.GEORADIUSBYMEMBER::run)
                .keys(1, 1, 1,
                        new Keys.Shown(GeoSearch.GEORADIUSBYMEMBER.keys(), List.of("1", "STORE 5", "STOREDIST 5")),
                        GeoSearch.GEORADIUSBYMEMBER, "RO access | OW update | OW update")
                .doc("geo", "3.2.0", found, "Members within a circle around one.",
                        "key member radius M|KM|FT|MI " + by + " [STORE storekey] [STOREDIST storedistkey]");
        to.entry("georadiusbymember_ro", -5, "readonly", GeoSearch.GEORADIUSBYMEMBER_RO::run)
                .keys(1, 1, GeoSearch.GEORADIUSBYMEMBER_RO, "RO access")
                .doc("geo", "3.2.10", found, "Members within a circle around one.",
                        "key member radius M|KM|FT|MI " + by);
    }
}
