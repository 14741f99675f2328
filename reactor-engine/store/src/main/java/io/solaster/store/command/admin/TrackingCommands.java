package io.solaster.store.command.admin;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.tracking.Tracker;
import org.jspecify.annotations.Nullable;

/** The subcommands of {@code CLIENT} by which clients hear of changes of what they have read. */
public final class TrackingCommands {
    private static final int MOST_PREFIXES = 1_024;
    private static final int MOST_PREFIX_BYTES = 64 << 10;
    private static final String NO_CLIENT = "ERR The client ID you want redirect to does not exist";
    private static final String OTHER_MODE = " mode before disabling tracking for this client, and then re-enabling it"
            + " with a different mode.";

    private TrackingCommands() {}

    public static void getredir(CommandCall call) {
        Tracker tracker = tracker(call);
        call.reply().integer(tracker == null ? -1 : tracker.redirect());
    }

    private static @Nullable Tracker tracker(CommandCall call) {
        return (Tracker) call.client().state().tracker();
    }

    public static void caching(CommandCall call) {
        Tracker tracker = tracker(call);
        if (tracker == null) {
            call.reply().error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or"
                    + " OPTOUT mode enabled");
        } else if (call.is(2, "yes") && !tracker.options().optIn()) {
            call.reply().error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
        } else if (call.is(2, "no") && !tracker.options().optOut()) {
            call.reply().error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
        } else if (call.is(2, "yes") || call.is(2, "no")) {
            tracker.caching();
            call.reply().ok();
        } else {
            call.reply().error(Errors.SYNTAX);
        }
    }

    public static void info(CommandCall call) {
        ReplyWriter reply = call.reply();
        Tracker tracker = tracker(call);
        List<String> flags = new ArrayList<>();
        if (tracker == null) {
            flags.add("off");
        } else {
            Tracker.Options options = tracker.options();
            flags.add("on");
            add(flags, options.broadcast(), "bcast");
            add(flags, options.optIn(), "optin");
            add(flags, options.optIn() && tracker.isCaching(), "caching-yes");
            add(flags, options.optOut(), "optout");
            add(flags, options.optOut() && tracker.isCaching(), "caching-no");
            add(flags, options.noLoop(), "noloop");
            add(flags, tracker.isBroken(), "broken_redirect");
        }
        reply.mapHeader(3);
        reply.bulk("flags");
        reply.setHeader(flags.size());
        flags.forEach(reply::bulk);
        reply.bulk("redirect");
        reply.integer(tracker == null ? -1 : tracker.redirect());
        reply.bulk("prefixes");
        List<byte[]> prefixes = tracker == null ? List.of() : tracker.prefixes();
        reply.arrayHeader(prefixes.size());
        prefixes.forEach(reply::bulk);
    }

    private static void add(List<String> flags, boolean is, String flag) {
        if (is) {
            flags.add(flag);
        }
    }

    public static void tracking(CommandCall call) {
        long redirect = 0;
        boolean broadcast = false;
        boolean optIn = false;
        boolean optOut = false;
        boolean noLoop = false;
        List<byte[]> prefixes = new ArrayList<>();
        for (int i = 3; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (call.is(i, "redirect") && more) {
                i++;
                if (redirect != 0) {
                    call.reply().error("ERR A client can only redirect to a single other client");
                    return;
                } else if (!call.isInteger(i)) {
                    call.reply().error(Errors.NOT_INTEGER);
                    return;
                }
                redirect = call.integer();
                if (redirect == 0) {
                    call.reply().error(NO_CLIENT);
                    return;
                }
            } else if (call.is(i, "bcast")) {
                broadcast = true;
            } else if (call.is(i, "optin")) {
                optIn = true;
            } else if (call.is(i, "optout")) {
                optOut = true;
            } else if (call.is(i, "noloop")) {
                noLoop = true;
            } else if (call.is(i, "prefix") && more) {
                prefixes.add(call.bytes(++i));
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        if (call.is(2, "on")) {
            begin(call, new Tracker.Options(redirect, broadcast, optIn, optOut, noLoop), prefixes);
        } else if (call.is(2, "off")) {
            call.client().state().endTracking();
            call.reply().ok();
        } else {
            call.reply().error(Errors.SYNTAX);
        }
    }

    private static void begin(CommandCall call, Tracker.Options asked, List<byte[]> prefixes) {
        Tracker now = tracker(call);
        String refusal = refusal(now, asked, prefixes);
        if (refusal != null) {
            call.reply().error("ERR " + refusal);
            return;
        }
        Client client = call.client();
        StoreShard own = call.shard();
        Parts parts = own.parts();
        long redirect = asked.redirect();
        CompletionStage<Boolean> isThere = redirect == 0
                ? CompletableFuture.completedStage(true)
                : parts.sharded().on((int) Math.floorMod(redirect, (long) parts.count()),
                        part -> part.client(redirect) != null);
        call.later(isThere.thenCompose(there -> there
                ? parts.sharded().on(own.shard().id(), part -> join(part, client, asked, prefixes))
                        .thenCompose(known -> known).thenApply(_ -> true)
                : CompletableFuture.completedStage(false)), (reply, there) -> {
                    if (there) {
                        reply.ok();
                    } else {
                        reply.error(NO_CLIENT);
                    }
                });
    }

    /** On the client's shard. What all shards are to know leaves at once, so that nothing overtakes it if the client goes. */
    private static CompletionStage<?> join(StoreShard shard, Client client, Tracker.Options asked,
            List<byte[]> prefixes) {
        if (!client.channel().isActive()) {
            return CompletableFuture.completedStage(null);
        }
        Tracker tracker = (Tracker) client.state().tracker();
        if (tracker == null) {
            tracker = Tracker.of(client, shard, asked);
        } else {
            tracker.options(asked);
        }
        if (asked.broadcast() && prefixes.isEmpty() && tracker.prefixes().isEmpty()) {
            tracker.prefixes().add(new byte[0]);
        }
        tracker.prefixes().addAll(prefixes);
        return tracker.begin();
    }

    private static @Nullable String refusal(@Nullable Tracker now, Tracker.Options asked, List<byte[]> prefixes) {
        if (!asked.broadcast() && !prefixes.isEmpty()) {
            return "PREFIX option requires BCAST mode to be enabled";
        }
        if (now != null && now.options().broadcast() != asked.broadcast()) {
            return "You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling"
                    + " it with a different mode.";
        }
        if (asked.broadcast() && (asked.optIn() || asked.optOut())) {
            return "OPTIN and OPTOUT are not compatible with BCAST";
        }
        if (asked.optIn() && asked.optOut()) {
            return "You can't specify both OPTIN mode and OPTOUT mode";
        }
        if (now != null && (asked.optIn() && now.options().optOut() || asked.optOut() && now.options().optIn())) {
            return "You can't switch OPTIN/OPTOUT" + OTHER_MODE;
        }
        return asked.broadcast() ? collision(now == null ? List.of() : now.prefixes(), prefixes) : null;
    }

    private static @Nullable String collision(List<byte[]> existing, List<byte[]> given) {
        long bytes = 0;
        for (int i = 0; i < given.size(); i++) {
            bytes += given.get(i).length;
            for (byte[] each : existing) {
                if (overlap(given.get(i), each)) {
                    return overlaps(given.get(i), "an existing", each);
                }
            }
            for (int j = i + 1; j < given.size(); j++) {
                if (overlap(given.get(i), given.get(j))) {
                    return overlaps(given.get(i), "another provided", given.get(j));
                }
            }
        }
        for (byte[] each : existing) {
            bytes += each.length;
        }
        int count = existing.size() + given.size();
        return count <= MOST_PREFIXES && bytes <= MOST_PREFIX_BYTES
                ? null
                : "a client may have at most " + MOST_PREFIXES + " prefixes of " + MOST_PREFIX_BYTES
                        + " bytes together, not " + count + " of " + bytes;
    }

    private static boolean overlap(byte[] one, byte[] other) {
        int length = Math.min(one.length, other.length);
        return Arrays.equals(one, 0, length, other, 0, length);
    }

    private static String overlaps(byte[] prefix, String which, byte[] other) {
        return "Prefix '" + text(prefix) + "' overlaps with " + which + " prefix '" + text(other)
                + "'. Prefixes for a single client must not overlap.";
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
