package io.solaster.store.command.collection;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Hashes;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.ScanArguments;
import io.solaster.store.type.LongDouble;
import org.jspecify.annotations.Nullable;

/** Commands on hashes. {@link FieldExpiryCommands} has those on when their fields expire. */
public final class HashCommands {
    private static final String ODD_HSET = "ERR wrong number of arguments for 'hset' command";
    private static final String ODD_HMSET = "ERR wrong number of arguments for 'hmset' command";
    private static final String NOT_INTEGER = "ERR hash value is not an integer";
    private static final String NOT_FLOAT = "ERR hash value is not a float";
    private static final String OVERFLOW = "ERR increment or decrement would overflow";
    private static final String INFINITE = "ERR value is NaN or Infinity";
    private static final String NOT_FINITE = "ERR increment would produce NaN or Infinity";

    /** Fields looked at for some that have expired, before some are drawn by chance. */
    private static final int DUE_STEPS = 1000;
    private static final int FIELDS = 1;
    private static final int VALUES = 2;

    /** Fields of a large hash that are found at once, and those that are looked at for what has expired. */
    private static final int SCANNED_AT_ONCE = 64;
    private static final int DUE_AT_ONCE = 1024;
    // Where a command goes on that answers all fields: it removes what has expired, or walks from a place on.
    private static final long EXPIRING = 1;
    private static final long WALKING = 2;

    private HashCommands() {}

    /** The hash that a command writes, there or not; null after having answered that the key holds something else. */
    static @Nullable Hashes toWrite(CommandCall call) {
        return open(call, call.find(1));
    }

    /** The hash that a command reads, there or not; null after having answered that the key holds something else. */
    static @Nullable Hashes toRead(CommandCall call) {
        return open(call, call.read(1));
    }

    private static @Nullable Hashes open(CommandCall call, long entry) {
        if (call.isWrongType(entry, Keyspace.TYPE_HASH)) {
            return null;
        }
        Hashes hash = call.shard().hashes();
        hash.open(call.address(1), call.length(1), entry, call.now());
        return hash;
    }

    public static void hset(CommandCall call) {
        put(call, ODD_HSET, (its, added) -> its.reply().integer(added));
    }

    public static void hmset(CommandCall call) {
        put(call, ODD_HMSET, (its, _) -> its.reply().ok());
    }

    private static void put(CommandCall call, String odd, ManyArguments.Answer answer) {
        if ((call.count() & 1) != 0) {
            call.reply().error(odd);
            return;
        }
        Hashes hash = toWrite(call);
        if (hash == null) {
            return;
        }
        if (ManyArguments.are(call)) {
            ManyArguments.each(call, HashCommands::toWrite, 2, 2, HashCommands::put, answer);
            return;
        }
        int added = 0;
        for (int i = 2; i < call.count(); i += 2) {
            added += put(call, i);
        }
        answer.sum(call, added);
    }

    /** Puts a field into the hash that is open; how many are new by that. */
    private static int put(CommandCall call, int field) {
        return call.shard()
                .hashes()
                .put(call.address(field), call.length(field), call.address(field + 1), call.length(field + 1), 0)
                        ? 1
                        : 0;
    }

    public static void hsetnx(CommandCall call) {
        Hashes hash = toWrite(call);
        if (hash == null) {
            return;
        }
        boolean absent = !hash.find(call.address(2), call.length(2));
        if (absent) {
            hash.put(call.address(2), call.length(2), call.address(3), call.length(3), 0);
        }
        call.reply().integer(absent ? 1 : 0);
    }

    public static void hget(CommandCall call) {
        Hashes hash = toRead(call);
        if (hash != null) {
            answerValue(call, hash, 2);
        }
    }

    private static void answerValue(CommandCall call, Hashes hash, int field) {
        if (hash.find(call.address(field), call.length(field))) {
            call.reply().bulk(hash.valueAddress(), hash.valueLength());
        } else {
            call.reply().nullValue();
        }
    }

    public static void hmget(CommandCall call) {
        Hashes hash = toRead(call);
        if (hash == null) {
            return;
        }
        if (ManyArguments.are(call)) {
            ManyArguments.answerEach(call, HashCommands::toRead, 2, (its, i) -> {
                answerValue(its, its.shard().hashes(), i);
                return 1;
            });
            return;
        }
        call.reply().arrayHeader(call.count() - 2);
        for (int i = 2; i < call.count(); i++) {
            answerValue(call, hash, i);
        }
    }

    public static void hexists(CommandCall call) {
        Hashes hash = toRead(call);
        if (hash != null) {
            call.reply().integer(hash.find(call.address(2), call.length(2)) ? 1 : 0);
        }
    }

    public static void hstrlen(CommandCall call) {
        Hashes hash = toRead(call);
        if (hash != null) {
            call.reply().integer(hash.find(call.address(2), call.length(2)) ? hash.valueLength() : 0);
        }
    }

    public static void hlen(CommandCall call) {
        Hashes hash = toRead(call);
        if (hash != null) {
            call.reply().integer(hash.count());
        }
    }

    public static void hdel(CommandCall call) {
        Hashes hash = toWrite(call);
        if (hash == null) {
            return;
        }
        if (ManyArguments.are(call)) {
            ManyArguments.each(call, HashCommands::toWrite, 2, 1,
                    (its, i) -> its.shard().hashes().remove(its.address(i), its.length(i)) ? 1 : 0,
                    (its, removed) -> its.reply().integer(removed));
            return;
        }
        int removed = 0;
        for (int i = 2; i < call.count() && hash.exists(); i++) {
            if (hash.remove(call.address(i), call.length(i))) {
                removed++;
            }
        }
        call.reply().integer(removed);
    }

    public static void hgetall(CommandCall call) {
        all(call, FIELDS | VALUES);
    }

    public static void hkeys(CommandCall call) {
        all(call, FIELDS);
    }

    public static void hvals(CommandCall call) {
        all(call, VALUES);
    }

    private static void all(CommandCall call, int what) {
        Hashes hash = toRead(call);
        if (hash == null) {
            return;
        }
        if (!expire(call, hash)) {
            return;
        }
        ReplyWriter reply = call.reply();
        int count = (int) hash.count();
        if (call.leftAt() <= EXPIRING) {
            if (what == (FIELDS | VALUES)) {
                reply.mapHeader(count);
            } else {
                reply.arrayHeader(count);
            }
        }
        if (count > 0) {
            answerAll(call, hash, what, false);
        }
    }

    /** Removes what has expired, which would be counted else; false if that is to be gone on with. */
    private static boolean expire(CommandCall call, Hashes hash) {
        if (call.leftAt() > EXPIRING) {
            return true;
        }
        while (hash.hasDue()) {
            hash.expireDue(DUE_AT_ONCE);
            if (hash.hasDue() && call.isToLeaveOffNow()) {
                call.goOn(EXPIRING);
                return false;
            }
        }
        return true;
    }

    /** Answers all fields of a hash that has some, or goes on with that. */
    private static void answerAll(CommandCall call, Hashes hash, int what, boolean drawn) {
        ReplyWriter reply = call.reply();
        if (!hash.isTable()) {
            hash.begin();
            while (hash.next()) {
                answer(reply, hash, what, drawn);
            }
            return;
        }
        long cursor = Math.max(0, call.leftAt() - WALKING);
        do {
            cursor = hash.scan(cursor, SCANNED_AT_ONCE);
            boolean leaves = false;
            while (hash.scanned()) {
                answer(reply, hash, what, drawn);
                leaves |= call.isToLeaveOff();
            }
            if (leaves && cursor != 0) {
                call.goOn(WALKING + cursor);
                return;
            }
        } while (cursor != 0);
    }

    private static void answer(ReplyWriter reply, Hashes hash, int what, boolean drawn) {
        if (drawn) {
            answerDrawn(reply, hash, what);
        } else {
            answer(reply, hash, what);
        }
    }

    private static void answer(ReplyWriter reply, Hashes hash, int what) {
        if ((what & FIELDS) != 0) {
            reply.bulk(hash.fieldAddress(), hash.fieldLength());
        }
        if ((what & VALUES) != 0) {
            reply.bulk(hash.valueAddress(), hash.valueLength());
        }
    }

    public static void hincrby(CommandCall call) {
        if (!call.isInteger(3)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        long amount = call.integer();
        Hashes hash = toWrite(call);
        if (hash == null) {
            return;
        }
        long value = 0;
        long expiry = 0;
        if (hash.find(call.address(2), call.length(2))) {
            expiry = hash.expiry();
            if (!call.isInteger(hash.valueAddress(), hash.valueLength())) {
                call.reply().error(NOT_INTEGER);
                return;
            }
            value = call.integer();
        }
        long sum = value + amount;
        if (((value ^ sum) & (amount ^ sum)) < 0) {
            call.reply().error(OVERFLOW);
            return;
        }
        hash.putNumber(call.address(2), call.length(2), sum, expiry);
        call.reply().integer(sum);
    }

    public static void hincrbyfloat(CommandCall call) {
        LongDouble amount = LongDouble.parse(call.address(3), call.length(3));
        if (amount == null) {
            call.reply().error(Errors.NOT_FLOAT);
            return;
        }
        if (!amount.isFinite()) {
            call.reply().error(INFINITE);
            return;
        }
        Hashes hash = toWrite(call);
        if (hash == null) {
            return;
        }
        LongDouble value = LongDouble.ZERO;
        long expiry = 0;
        if (hash.find(call.address(2), call.length(2))) {
            expiry = hash.expiry();
            value = LongDouble.parse(hash.valueAddress(), hash.valueLength());
            if (value == null) {
                call.reply().error(NOT_FLOAT);
                return;
            }
        }
        LongDouble sum = value.plus(amount);
        if (!sum.isFinite()) {
            call.reply().error(NOT_FINITE);
            return;
        }
        byte[] digits = sum.toString().getBytes(StandardCharsets.ISO_8859_1);
        long block = Memory.allocate(digits.length);
        try {
            Memory.copy(digits, 0, block, digits.length);
            hash.put(call.address(2), call.length(2), block, digits.length, expiry);
        } finally {
            Memory.free(block);
        }
        call.reply().bulk(digits);
    }

    public static void hrandfield(CommandCall call) {
        boolean single = call.count() == 2;
        long count = single ? 1 : Drawing.count(call, 2);
        if (!single && count == Drawing.REFUSED) {
            return;
        }
        boolean values = call.count() == 4 && call.is(3, "withvalues");
        if (call.count() > 4 || call.count() == 4 && !values) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (values && (count < -(Long.MAX_VALUE / 2) || count > Long.MAX_VALUE / 2)) {
            call.reply().error(Drawing.OUT_OF_RANGE);
            return;
        }
        Hashes hash = toRead(call);
        if (hash == null) {
            return;
        }
        hash.expireDue(DUE_STEPS);
        RandomGenerator random = call.shard().shard().environment().random();
        if (!single) {
            draw(call, hash, count, values ? FIELDS | VALUES : FIELDS, random);
        } else if (hash.random(random)) {
            answer(call.reply(), hash, FIELDS);
        } else {
            call.reply().nullValue();
        }
    }

    private static void draw(CommandCall call, Hashes hash, long count, int what, RandomGenerator random) {
        if (count < -Drawing.MOST) {
            call.reply().error(Drawing.OUT_OF_RANGE);
        } else if (count == 0 || !hash.exists()) {
            call.reply().arrayHeader(0);
        } else if (count < 0) {
            drawAgainAndAgain(call, hash, (int) -count, what, random);
        } else if (count >= hash.count()) {
            if (!expire(call, hash)) {
                return;
            }
            if (call.leftAt() <= EXPIRING) {
                drawnHeader(call.reply(), (int) hash.count(), what);
            }
            if (hash.exists()) {
                answerAll(call, hash, what, true);
            }
        } else if (count > LongDraws.MANY && hash.isTable() && !hash.isExpiring()) {
            LongDraws.different(call, new LongDraws.OfHash(hash, what), (int) count, hash.count());
        } else if (count > LongDraws.MANY && hash.isTable()) {
            LongDraws.ofExpiring(call, hash, what, (int) count, false);
        } else if (hash.isTable()) {
            hash.choose((int) count, random);
            int found = 0;
            while (hash.scanned()) {
                found++;
            }
            if (found < count) {
                // Some that were chosen have expired: once more, without those.
                if (expire(call, hash)) {
                    draw(call, hash, count, what, random);
                }
                return;
            }
            drawnHeader(call.reply(), found, what);
            hash.scannedAgain();
            while (hash.scanned()) {
                answerDrawn(call.reply(), hash, what);
            }
        } else {
            drawnHeader(call.reply(), (int) count, what);
            // Each is taken with the chance that makes the right number of those that are left.
            hash.begin();
            int left = (int) hash.count();
            for (int missing = (int) count; missing > 0; missing--) {
                do {
                    hash.next();
                } while (random.nextInt(left--) >= missing);
                answerDrawn(call.reply(), hash, what);
            }
        }
    }

    private static void drawAgainAndAgain(CommandCall call, Hashes hash, int count, int what, RandomGenerator random) {
        ReplyWriter reply = call.reply();
        if (count > LongDraws.MANY && hash.isExpiring()) {
            LongDraws.ofExpiring(call, hash, what, count, true);
            return;
        }
        if (count > LongDraws.MANY) {
            LongDraws.again(call, new LongDraws.OfHash(hash, what), count);
            return;
        }
        if (!hash.random(random)) {
            reply.arrayHeader(0);
            return;
        }
        drawnHeader(reply, count, what);
        for (int i = 0; i < count; i++) {
            hash.random(random);
            answerDrawn(reply, hash, what);
        }
    }

    static void drawnHeader(ReplyWriter reply, int count, int what) {
        reply.arrayHeader(what == FIELDS || reply.resp3() ? count : 2 * count);
    }

    /** In RESP3 a field and its value are an array of their own. */
    static void answerDrawn(ReplyWriter reply, Hashes hash, int what) {
        if (what != FIELDS && reply.resp3()) {
            reply.arrayHeader(2);
        }
        answer(reply, hash, what);
    }

    public static void hscan(CommandCall call) {
        ScanArguments scan = ScanArguments.read(call);
        if (scan == null) {
            return;
        }
        Hashes hash = toRead(call);
        if (hash == null) {
            return;
        }
        if (!hash.exists()) {
            scan.answerCursor(0);
            call.reply().arrayHeader(0);
            return;
        }
        if (!scan.readOptions(true)) {
            return;
        }
        boolean table = hash.isTable();
        long next = table ? hash.scan(scan.cursor(), scan.wanted()) : 0;
        if (!table) {
            hash.begin();
        }
        // How many there are stands before them.
        int found = 0;
        while (table ? hash.scanned() : hash.next()) {
            if (scan.matches(hash.fieldAddress(), hash.fieldLength())) {
                found++;
            }
        }
        scan.answerCursor(next);
        call.reply().arrayHeader(scan.isWithoutValues() ? found : 2 * found);
        if (table) {
            hash.scannedAgain();
        } else {
            hash.begin();
        }
        while (table ? hash.scanned() : hash.next()) {
            if (scan.matches(hash.fieldAddress(), hash.fieldLength())) {
                answer(call.reply(), hash, scan.isWithoutValues() ? FIELDS : FIELDS | VALUES);
            }
        }
    }
}
