package io.solaster.store.command.collection;

import java.util.random.RandomGenerator;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Sets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
import io.solaster.store.shard.ScanArguments;
import org.jspecify.annotations.Nullable;

/** Commands on one set each. */
public final class SetCommands {
    private static final String NOT_POSITIVE = "ERR value is out of range, must be positive";

    /** Members of a large set that are found at once. */
    private static final int SCANNED_AT_ONCE = 64;

    private SetCommands() {}

    private static @Nullable Sets toWrite(CommandCall call) {
        return open(call, call.find(1));
    }

    private static @Nullable Sets toRead(CommandCall call) {
        return open(call, call.read(1));
    }

    private static @Nullable Sets open(CommandCall call, long entry) {
        if (call.isWrongType(entry, Keyspace.TYPE_SET)) {
            return null;
        }
        Sets set = call.shard().sets();
        set.open(call.address(1), call.length(1), entry);
        return set;
    }

    public static void sadd(CommandCall call) {
        Sets set = toWrite(call);
        if (set == null) {
            return;
        }
        if (ManyArguments.are(call)) {
            ManyArguments.each(call, SetCommands::toWrite, 2, 1,
                    (its, i) -> its.shard().sets().add(its.address(i), its.length(i)) ? 1 : 0,
                    (its, sum) -> its.reply().integer(sum));
            return;
        }
        int added = 0;
        for (int i = 2; i < call.count(); i++) {
            if (set.add(call.address(i), call.length(i))) {
                added++;
            }
        }
        call.reply().integer(added);
    }

    public static void srem(CommandCall call) {
        Sets set = toWrite(call);
        if (set == null) {
            return;
        }
        if (ManyArguments.are(call)) {
            ManyArguments.each(call, SetCommands::toWrite, 2, 1,
                    (its, i) -> its.shard().sets().remove(its.address(i), its.length(i)) ? 1 : 0,
                    (its, sum) -> its.reply().integer(sum));
            return;
        }
        int removed = 0;
        for (int i = 2; i < call.count() && set.exists(); i++) {
            if (set.remove(call.address(i), call.length(i))) {
                removed++;
            }
        }
        call.reply().integer(removed);
    }

    public static void sismember(CommandCall call) {
        Sets set = toRead(call);
        if (set != null) {
            call.reply().integer(set.contains(call.address(2), call.length(2)) ? 1 : 0);
        }
    }

    public static void smismember(CommandCall call) {
        Sets set = toRead(call);
        if (set == null) {
            return;
        }
        if (ManyArguments.are(call)) {
            ManyArguments.answerEach(call, SetCommands::toRead, 2, (its, i) -> {
                its.reply().integer(its.shard().sets().contains(its.address(i), its.length(i)) ? 1 : 0);
                return 1;
            });
            return;
        }
        call.reply().arrayHeader(call.count() - 2);
        for (int i = 2; i < call.count(); i++) {
            call.reply().integer(set.contains(call.address(i), call.length(i)) ? 1 : 0);
        }
    }

    public static void scard(CommandCall call) {
        Sets set = toRead(call);
        if (set != null) {
            call.reply().integer(set.count());
        }
    }

    public static void smembers(CommandCall call) {
        Sets set = toRead(call);
        if (set == null) {
            return;
        }
        long cursor = call.leftAt();
        if (cursor == 0) {
            call.reply().setHeader((int) set.count());
            if (!set.exists() || !set.isTable()) {
                answerAll(call.reply(), set);
                return;
            }
        }
        do {
            cursor = set.scan(cursor, SCANNED_AT_ONCE);
            boolean leaves = false;
            while (set.scanned()) {
                answer(call.reply(), set);
                leaves |= call.isToLeaveOff();
            }
            if (leaves && cursor != 0) {
                call.goOn(cursor);
                return;
            }
        } while (cursor != 0);
    }

    private static void answerAll(ReplyWriter reply, Sets set) {
        if (!set.exists()) {
            return;
        }
        set.begin();
        while (set.next()) {
            answer(reply, set);
        }
    }

    private static void answer(ReplyWriter reply, Sets set) {
        reply.bulk(set.address(), set.length());
    }

    private static RandomGenerator random(CommandCall call) {
        return call.shard().shard().environment().random();
    }

    public static void spop(CommandCall call) {
        if (call.count() > 3) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (call.count() == 3) {
            popMany(call);
            return;
        }
        Sets set = toWrite(call);
        if (set == null) {
            return;
        }
        if (!set.exists()) {
            call.reply().nullValue();
            return;
        }
        pop(call, set, random(call));
    }

    static void pop(CommandCall call, Sets set, RandomGenerator random) {
        set.random(random);
        answer(call.reply(), set);
        set.remove(set.address(), set.length());
    }

    private static void popMany(CommandCall call) {
        if (!call.isInteger(2) || call.integer() < 0) {
            call.reply().error(NOT_POSITIVE);
            return;
        }
        long count = call.integer();
        Sets set = toWrite(call);
        if (set == null) {
            return;
        }
        if (count == 0 || !set.exists()) {
            call.reply().setHeader(0);
            return;
        }
        if (count > ListCommands.FEW && set.isTable()) {
            InTurns.run(call, 1, count >= set.count() ? new LongSets.PopAll() : new LongSets.Pop(count));
            return;
        }
        if (count >= set.count()) {
            call.reply().setHeader((int) set.count());
            answerAll(call.reply(), set);
            set.removeKey();
            return;
        }
        call.reply().setHeader((int) count);
        RandomGenerator random = random(call);
        for (long i = 0; i < count; i++) {
            pop(call, set, random);
        }
    }

    public static void srandmember(CommandCall call) {
        if (call.count() > 3) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        boolean single = call.count() == 2;
        long count = single ? 1 : Drawing.count(call, 2);
        if (!single && count == Drawing.REFUSED) {
            return;
        }
        Sets set = toRead(call);
        if (set == null) {
            return;
        }
        if (single) {
            if (set.exists()) {
                set.random(random(call));
                answer(call.reply(), set);
            } else {
                call.reply().nullValue();
            }
            return;
        }
        draw(call, set, count, random(call));
    }

    private static void draw(CommandCall call, Sets set, long count, RandomGenerator random) {
        ReplyWriter reply = call.reply();
        if (!set.exists() || count == 0) {
            reply.arrayHeader(0);
            return;
        }
        if (count < -Drawing.MOST) {
            reply.error(Drawing.OUT_OF_RANGE);
            return;
        }
        int answered = (int) (count < 0 ? -count : Math.min(count, set.count()));
        if (answered > LongDraws.MANY && count < 0) {
            LongDraws.again(call, new LongDraws.OfSet(set), answered);
            return;
        }
        if (answered > LongDraws.MANY && set.isTable()) {
            LongDraws.different(call, new LongDraws.OfSet(set), answered, set.count());
            return;
        }
        reply.arrayHeader(answered);
        if (count < 0) {
            for (int i = 0; i < answered; i++) {
                set.random(random);
                answer(reply, set);
            }
        } else if (answered == set.count()) {
            answerAll(reply, set);
        } else if (set.isTable()) {
            set.choose(answered, random);
            while (set.scanned()) {
                answer(reply, set);
            }
        } else {
            // Each is taken with the chance that makes the right number of those that are left.
            set.begin();
            int left = (int) set.count();
            for (int missing = answered; missing > 0; missing--) {
                do {
                    set.next();
                } while (random.nextInt(left--) >= missing);
                answer(reply, set);
            }
        }
    }

    public static void sscan(CommandCall call) {
        ScanArguments scan = ScanArguments.read(call);
        if (scan == null) {
            return;
        }
        Sets set = toRead(call);
        if (set == null) {
            return;
        }
        if (!set.exists()) {
            scan.answerCursor(0);
            call.reply().arrayHeader(0);
            return;
        }
        if (!scan.readOptions(false)) {
            return;
        }
        boolean table = set.isTable();
        long next = table ? set.scan(scan.cursor(), scan.wanted()) : 0;
        if (!table) {
            set.begin();
        }
        // How many there are stands before them.
        int found = 0;
        while (table ? set.scanned() : set.next()) {
            if (scan.matches(set.address(), set.length())) {
                found++;
            }
        }
        scan.answerCursor(next);
        call.reply().arrayHeader(found);
        if (table) {
            set.scannedAgain();
        } else {
            set.begin();
        }
        while (table ? set.scanned() : set.next()) {
            if (scan.matches(set.address(), set.length())) {
                answer(call.reply(), set);
            }
        }
    }
}
