package io.solaster.store.watch;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;

/**
 * Clients that are told of every command of all shards' clients: those of this shard, and what this shard has to tell. Lines are
 * gathered for a turn, and sent to a shard only once it has taken the last; one that falls too far behind loses its monitors, as
 * does a client that does not read. On the owning shard.
 */
public final class Monitors {
    /** Bytes of lines that are gathered for one shard. */
    private static final int MOST_GATHERED = 8 << 20;
    /** Bytes of an argument that are told. */
    private static final int LONGEST_ARGUMENT = 1024;
    private static final HexFormat HEX = HexFormat.of();

    private final StoreShard shard;
    private final ShardWatch watch;
    private final Set<Client> here = new LinkedHashSet<>();
    /** Those that are counted, and not told yet that they are. */
    private final Set<Client> coming = new LinkedHashSet<>();
    /** How many monitors each shard has. */
    private final int[] counts;
    private final StringBuilder[] gathered;
    private final boolean[] underWay;
    private int total;
    private boolean scheduled;

    Monitors(StoreShard shard, ShardWatch watch) {
        this.shard = shard;
        this.watch = watch;
        int shards = shard.parts().count();
        counts = new int[shards];
        underWay = new boolean[shards];
        gathered = new StringBuilder[shards];
        for (int i = 0; i < shards; i++) {
            gathered[i] = new StringBuilder();
        }
    }

    boolean isAny() {
        return total > 0;
    }

    /** A client of this shard is to be told of commands: done once all shards know, and {@link #add} follows. */
    public CompletionStage<?> begin(Client client) {
        coming.add(client);
        return count(1);
    }

    /** A client of this shard is told of commands from now on. */
    public void add(Client client) {
        if (coming.remove(client)) {
            here.add(client);
        }
    }

    /** A client of this shard is told no more, or is gone. */
    public void remove(Client client) {
        if (here.remove(client) || coming.remove(client)) {
            count(-1);
        }
    }

    private CompletionStage<?> count(int more) {
        int where = shard.shard().id();
        return shard.parts().sharded().onAll(part -> {
            ShardWatch.of(part).monitors().counted(where, more);
            return true;
        });
    }

    /** A shard has so many more monitors, or fewer. */
    private void counted(int where, int more) {
        counts[where] += more;
        total += more;
        if (counts[where] == 0) {
            gathered[where].setLength(0);
        }
        watch.changed();
    }

    /** Tells of a command that is about to be run for a client of this shard. */
    void tell(Client client, Command command, CommandCall call) {
        // Those with SKIP_MONITOR are told of by Redis, too, before what they run.
        if (command.has(Command.Flag.ADMIN)) {
            return;
        }
        tell(line(client.state().database(), ClientInfo.remote(client), command, call));
    }

    /** Tells of a command that a script calls here. */
    void tellOfScript(Command command, CommandCall call) {
        if (!command.has(Command.Flag.ADMIN)) {
            tell(line(call.database(), "lua", command, call));
        }
    }

    private void tell(String line) {
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0 && gathered[i].length() <= MOST_GATHERED) {
                gathered[i].append(line);
            }
        }
        if (!scheduled) {
            scheduled = true;
            shard.shard().execute(this::send);
        }
    }

    private String line(int database, String from, Command command, CommandCall call) {
        long micros = shard.now() * 1000;
        StringBuilder line = new StringBuilder();
        line.append('+').append(micros / 1_000_000)
                .append(String.format(Locale.ROOT, ".%06d", micros % 1_000_000))
                .append(" [").append(database).append(' ').append(from).append(']');
        for (int i = 0; i < call.count(); i++) {
            line.append(" \"");
            if (Redaction.hides(command, call, i)) {
                line.append(Redaction.REDACTED);
            } else {
                quote(line, call.text(i, LONGEST_ARGUMENT));
                if (call.length(i) > LONGEST_ARGUMENT) {
                    line.append("... (").append(call.length(i) - LONGEST_ARGUMENT).append(" more bytes)");
                }
            }
            line.append('"');
        }
        return line.append("\r\n").toString();
    }

    private static void quote(StringBuilder to, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\\', '"' -> to.append('\\').append(c);
                case '\n' -> to.append("\\n");
                case '\r' -> to.append("\\r");
                case '\t' -> to.append("\\t");
                case 7 -> to.append("\\a");
                case '\b' -> to.append("\\b");
                default -> {
                    if (c >= ' ' && c < 127) {
                        to.append(c);
                    } else {
                        to.append("\\x");
                        HEX.toHexDigits(to, (byte) c);
                    }
                }
            }
        }
    }

    private void send() {
        scheduled = false;
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0 && !underWay[i] && !gathered[i].isEmpty()) {
                boolean lost = gathered[i].length() > MOST_GATHERED;
                String lines = gathered[i].toString();
                gathered[i] = new StringBuilder();
                if (i == shard.shard().id()) {
                    deliver(lines, lost);
                } else {
                    sendTo(i, lines, lost);
                }
            }
        }
    }

    private void sendTo(int target, String lines, boolean lost) {
        underWay[target] = true;
        shard.parts().sharded().on(target, part -> {
            ShardWatch.of(part).monitors().deliver(lines, lost);
            return true;
        }).whenComplete((done, failure) -> shard.shard().executeOrElse(() -> {
            underWay[target] = false;
            send();
        }, () -> {
            // The shard has ended, and its clients with it.
        }));
    }

    /** To this shard's monitors; {@code lost} where there was more than could be kept, so that they end. */
    private void deliver(String lines, boolean lost) {
        if (here.isEmpty()) {
            return;
        }
        byte[] bytes = lines.getBytes(StandardCharsets.ISO_8859_1);
        for (Client client : Set.copyOf(here)) {
            if (lost) {
                client.kill();
            } else {
                ByteBuf message = ByteBufAllocator.DEFAULT.directBuffer(bytes.length);
                message.writeBytes(bytes);
                client.push(message);
            }
        }
    }
}
