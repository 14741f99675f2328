package io.solaster.store.watch;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import org.jspecify.annotations.Nullable;

/** Commands of one shard that took long, the newest first. On the owning shard. */
public final class SlowLog {
    private static final int MOST_ARGUMENTS = 32;
    private static final int LONGEST_ARGUMENT = 128;

    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private final int shards;
    private long next;

    /**
     * One command.
     *
     * @param id unique over all shards, ascending on each
     * @param at Unix milliseconds
     * @param arguments as far as they are kept
     * @param address where its client comes from; empty for one of another shard
     * @param client the name of its client
     */
    public record Entry(long id, long at, long micros, List<byte[]> arguments, String address, String client) {}

    SlowLog(int shard, int shards) {
        this.shards = shards;
        next = shard;
    }

    void add(Command command, CommandCall call, Client client, long micros, long now, int most) {
        add(new Entry(take(), now, micros, arguments(command, call), ClientInfo.remote(client),
                client.state().name()), most);
    }

    void add(List<byte[]> arguments, Client client, long micros, long now, int most) {
        add(new Entry(take(), now, micros, arguments, ClientInfo.remote(client), client.state().name()), most);
    }

    /** What is kept of the arguments of a command without secrets. */
    public static List<byte[]> arguments(CommandCall call) {
        return arguments(null, call);
    }

    /** For a client of another shard, which is not known here. */
    void add(Command command, CommandCall call, long micros, long now, int most) {
        add(new Entry(take(), now, micros, arguments(command, call), "", ""), most);
    }

    private long take() {
        long id = next;
        next += shards;
        return id;
    }

    private void add(Entry entry, int most) {
        entries.addFirst(entry);
        trim(most);
    }

    void trim(int most) {
        while (entries.size() > most) {
            entries.removeLast();
        }
    }

    private static List<byte[]> arguments(@Nullable Command command, CommandCall call) {
        int count = Math.min(call.count(), MOST_ARGUMENTS);
        List<byte[]> kept = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            if (i == MOST_ARGUMENTS - 1 && call.count() > MOST_ARGUMENTS) {
                kept.add(bytes("... (" + (call.count() - i) + " more arguments)"));
            } else if (command != null && Redaction.hides(command, call, i)) {
                kept.add(bytes(Redaction.REDACTED));
            } else if (call.length(i) > LONGEST_ARGUMENT) {
                kept.add(bytes(call.text(i, LONGEST_ARGUMENT) + "... (" + (call.length(i) - LONGEST_ARGUMENT)
                        + " more bytes)"));
            } else {
                kept.add(call.bytes(i));
            }
        }
        return kept;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    public void clear() {
        entries.clear();
    }

    public int size() {
        return entries.size();
    }

    /** What there is now; a copy. */
    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** The entries of all shards as one list, the newest first; {@code most} of them. */
    public static List<Entry> merge(List<List<Entry>> shards, long most) {
        return shards.stream().flatMap(List::stream)
                .sorted(Comparator.comparingLong(Entry::at).thenComparingLong(Entry::id).reversed())
                .limit(most).toList();
    }
}
