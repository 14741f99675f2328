package io.solaster.store.command.pubsub;

import java.util.ArrayList;
import java.util.List;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.command.admin.Help;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Glob;
import io.solaster.store.shard.StoreShard;
import io.solaster.streams.subscribe.SubscriptionShard;
import io.solaster.streams.subscribe.Subscriptions;
import io.solaster.streams.subscribe.name.NameTable;
import org.jspecify.annotations.Nullable;

/** {@code PUBLISH}, {@code SPUBLISH}, and {@code PUBSUB} with its subcommands. */
public final class PubSubCommands {
    private static final List<String> HELP = Help.of("PUBSUB", """
            CHANNELS [<pattern>]
                The channels that have subscribers, and match the pattern.
            NUMPAT
                How many patterns have subscribers.
            NUMSUB [<channel> ...]
                How many subscribers channels have, patterns apart.
            SHARDCHANNELS [<pattern>]
                The shard channels that have subscribers, and match the pattern.
            SHARDNUMSUB [<shardchannel> ...]
                How many subscribers shard channels have.
            """);

    private PubSubCommands() {}

    public static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    /** Where the channel is at home; elsewhere only the receivers of this shard are counted. */
    public static void publish(CommandCall call) {
        publish(call, Subscriptions.CHANNEL);
    }

    /** As {@link #publish}. */
    public static void spublish(CommandCall call) {
        publish(call, Subscriptions.SHARD_CHANNEL);
    }

    private static void publish(CommandCall call, int kind) {
        SubscriptionShard subscriptions = call.shard().subscriptions();
        long channel = call.address(1);
        int length = call.length(1);
        if (!subscriptions.isHeld(kind, channel, length)) {
            call.reply().integer(subscriptions.publish(kind, channel, length, call.address(2), call.length(2)));
        } else if (call.mayLeave() && call.heldKeys() == null && !call.isHeld() && !call.isOfScript()) {
            WaitingPublish rest = new WaitingPublish(
                    subscriptions.publishWhenRoom(kind, channel, length, call.address(2), call.length(2)));
            if (rest.isDone()) {
                rest.answer(call.reply());
            } else {
                call.leave(rest);
            }
        } else {
            call.reply().error(WaitingPublish.NO_ROOM + "publish to '" + call.word(1, 128) + "' refused: a subscriber"
                    + " whose policy is 'wait' has no room, and nothing waits for it within MULTI or a script");
        }
    }

    public static void numpat(CommandCall call) {
        call.reply().integer(call.shard().subscriptions().patterns());
    }

    public static void channels(CommandCall call) {
        names(call, Subscriptions.CHANNEL);
    }

    public static void shardchannels(CommandCall call) {
        names(call, Subscriptions.SHARD_CHANNEL);
    }

    private static void names(CommandCall call, int kind) {
        if (call.count() > 3) {
            wrongNumber(call);
            return;
        }
        if (call.count() == 3 && call.length(2) > Glob.LONGEST) {
            call.reply().error(Errors.PATTERN_TOO_LONG);
            return;
        }
        Glob pattern = call.count() == 3 ? new Glob(call.bytes(2)) : null;
        call.later(call.shard().parts().sharded().onAll(part -> told(part, kind, pattern)), (reply, found) -> {
            reply.arrayHeader(found.stream().mapToInt(List::size).sum());
            found.forEach(some -> some.forEach(reply::bulk));
        });
    }

    private static void wrongNumber(CommandCall call) {
        call.reply().error("ERR unknown subcommand or wrong number of arguments for '" + call.word(1, 128)
                + "'. Try PUBSUB HELP.");
    }

    private static List<byte[]> told(StoreShard part, int kind, @Nullable Glob pattern) {
        List<byte[]> found = new ArrayList<>();
        SubscriptionShard subscriptions = part.subscriptions();
        NameTable names = subscriptions.names();
        for (int id = 0; id < names.capacity(); id++) {
            if (names.exists(id) && names.kind(id) == kind && subscriptions.isToldHere(id)) {
                byte[] name = new byte[names.length(id)];
                Memory.copy(names.address(id), name, 0, name.length);
                if (pattern == null || pattern.isAny() || pattern.matches(name, name.length)) {
                    found.add(name);
                }
            }
        }
        return found;
    }

    public static void numsub(CommandCall call) {
        counts(call, Subscriptions.CHANNEL);
    }

    public static void shardnumsub(CommandCall call) {
        counts(call, Subscriptions.SHARD_CHANNEL);
    }

    private static void counts(CommandCall call, int kind) {
        List<byte[]> names = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            names.add(call.bytes(i));
        }
        call.later(call.shard().parts().sharded().onAll(part -> counts(part, kind, names)),
                (reply, counts) -> answer(reply, names, counts));
    }

    private static void answer(ReplyWriter reply, List<byte[]> names, List<int[]> counts) {
        reply.arrayHeader(2 * names.size());
        for (int i = 0; i < names.size(); i++) {
            int most = 0;
            for (int[] ofShard : counts) {
                // Only its home knows a name, or all shards do alike.
                most = Math.max(most, ofShard[i]);
            }
            reply.bulk(names.get(i));
            reply.integer(most);
        }
    }

    private static int[] counts(StoreShard part, int kind, List<byte[]> names) {
        int[] counts = new int[names.size()];
        for (int i = 0; i < counts.length; i++) {
            byte[] name = names.get(i);
            long address = Memory.allocate(Math.max(1, name.length));
            Memory.copy(name, 0, address, name.length);
            counts[i] = part.subscriptions().subscribers(kind, address, name.length);
            Memory.free(address);
        }
        return counts;
    }
}
