package io.solaster.store;

/** Commands on strings. */
final class StringCommands {
    static final String WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

    private StringCommands() {}

    static void get(Call call) {
        Keyspace keys = call.keyspace();
        long entry = keys.find(call.address(1), call.length(1), call.now());
        if (entry == 0) {
            call.shard().stats().misses.increment();
            call.reply().nullValue();
        } else if (keys.type(entry) != Keyspace.TYPE_STRING) {
            call.reply().error(WRONG_TYPE);
        } else {
            call.shard().stats().hits.increment();
            call.reply().bulk(keys.valueAddress(entry), keys.valueLength(entry));
        }
    }

    static void set(Call call) {
        call.keyspace().set(call.address(1), call.length(1), call.address(2), call.length(2), 0);
        call.reply().ok();
    }
}
