package io.solaster.store.command.admin;

import java.util.List;
import java.util.concurrent.TimeUnit;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.watch.ShardWatch;
import io.solaster.store.watch.SlowLog;

/** {@code SLOWLOG}: the slow commands of all shards, the newest first. */
public final class SlowlogCommands {
    private static final List<String> HELP = Help.of("SLOWLOG", """
            GET [<count>]
                The newest entries, 10 unless said otherwise, all with -1. An entry has:
                id, Unix time, microseconds, arguments, address of the client, name of the client
            LEN
                How many entries there are.
            RESET
                Forget all entries.
            """);
    private static final int ENTRIES = 10;

    private SlowlogCommands() {}

    public static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    public static void len(CommandCall call) {
        int most = call.shard().parts().diagnostics().slowLogLength();
        call.later(call.shard().parts().sharded().onAll(part -> ShardWatch.of(part).slowLog().size()),
                (reply, sizes) -> reply.integer(Math.min(most, sizes.stream().mapToLong(Integer::longValue).sum())));
    }

    public static void reset(CommandCall call) {
        call.later(call.shard().parts().sharded().onAll(part -> {
            ShardWatch.of(part).slowLog().clear();
            return true;
        }), (reply, done) -> reply.ok());
    }

    public static void get(CommandCall call) {
        long asked = ENTRIES;
        if (call.count() > 3) {
            Help.refuse(call);
            return;
        }
        if (call.count() == 3) {
            if (!call.isInteger(2) || call.integer() < -1) {
                call.reply().error("ERR count should be greater than or equal to -1");
                return;
            }
            asked = call.integer() < 0 ? Long.MAX_VALUE : call.integer();
        }
        long most = Math.min(asked, call.shard().parts().diagnostics().slowLogLength());
        call.later(call.shard().parts().sharded().onAll(part -> ShardWatch.of(part).slowLog().entries()),
                (reply, entries) -> answer(reply, SlowLog.merge(entries, most)));
    }

    private static void answer(ReplyWriter reply, List<SlowLog.Entry> entries) {
        reply.arrayHeader(entries.size());
        for (SlowLog.Entry entry : entries) {
            reply.arrayHeader(6);
            reply.integer(entry.id());
            reply.integer(TimeUnit.MILLISECONDS.toSeconds(entry.at()));
            reply.integer(entry.micros());
            reply.arrayHeader(entry.arguments().size());
            entry.arguments().forEach(reply::bulk);
            reply.bulk(entry.address());
            reply.bulk(Latin.bytes(entry.client()));
        }
    }
}
