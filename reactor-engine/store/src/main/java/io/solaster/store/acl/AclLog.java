package io.solaster.store.acl;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

/** What was refused to clients of one shard of late, the newest first. On the owning shard. */
public final class AclLog {
    /** What is alike and not further apart in time is one entry. */
    private static final long TOGETHER_MILLIS = 60_000;
    /** So many entries are looked at for one that is alike. */
    private static final int LOOKED_AT = 10;
    /** More characters than that of what was asked for, and of the user's name, are not kept. */
    private static final int LONGEST_WORD = 256;
    /** As many of what is told of the client, which has names of its own in it. */
    private static final int LONGEST_CLIENT = 4096;

    private final ArrayDeque<Entry> entries = new ArrayDeque<>();

    /**
     * One entry.
     *
     * @param count how often
     * @param reason {@code command}, {@code key}, {@code channel} or {@code auth}
     * @param context {@code toplevel}, {@code multi} or {@code lua}
     * @param object the command, key or channel
     * @param user the name
     * @param at Unix milliseconds, of the last time
     * @param client as {@code CLIENT LIST} tells it, of the last time
     */
    public record Entry(long count, String reason, String context, String object, String user, long at,
            String client) {
        boolean isLike(Entry other) {
            return reason.equals(other.reason) && context.equals(other.context) && object.equals(other.object)
                    && user.equals(other.user) && Math.abs(at - other.at) <= TOGETHER_MILLIS;
        }

        Entry times(long often) {
            return new Entry(often, reason, context, object, user, at, client);
        }
    }

    /** Notes what was refused; {@code most} entries are kept. */
    public void add(String reason, String context, String object, String user, long now, String client, int most) {
        Entry entry = new Entry(1, reason, context, cut(object, LONGEST_WORD), cut(user, LONGEST_WORD), now,
                cut(client, LONGEST_CLIENT));
        int looked = 0;
        for (Iterator<Entry> i = entries.iterator(); i.hasNext() && looked < LOOKED_AT; looked++) {
            Entry before = i.next();
            if (before.isLike(entry)) {
                i.remove();
                entry = entry.times(before.count + 1);
                break;
            }
        }
        entries.addFirst(entry);
        while (entries.size() > most) {
            entries.removeLast();
        }
    }

    private static String cut(String text, int most) {
        return text.length() > most ? text.substring(0, most) : text;
    }

    public void clear() {
        entries.clear();
    }

    /** What there is now; a copy. */
    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** The entries of all shards as one list: the newest first, and those that are alike one. */
    public static List<Entry> merge(List<List<Entry>> shards) {
        List<Entry> all = new ArrayList<>();
        shards.forEach(all::addAll);
        all.sort(Comparator.comparingLong(Entry::at).reversed());
        List<Entry> merged = new ArrayList<>();
        for (Entry entry : all) {
            int at = -1;
            for (int i = Math.max(0, merged.size() - LOOKED_AT); i < merged.size(); i++) {
                if (merged.get(i).isLike(entry)) {
                    at = i;
                }
            }
            if (at < 0) {
                merged.add(entry);
            } else {
                Entry first = merged.get(at);
                merged.set(at, first.times(first.count + entry.count));
            }
        }
        return merged;
    }
}
