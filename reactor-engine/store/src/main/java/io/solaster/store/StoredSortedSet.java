package io.solaster.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.solaster.engine.ShardFuture;
import io.solaster.resp.Reply;
import io.solaster.store.shard.Command;
import org.jspecify.annotations.Nullable;

/** A sorted set: texts with scores, in the order of the scores, and of their bytes where these are equal. */
public final class StoredSortedSet extends StoredKey {
    private static final Command ZADD = KeyCalls.command("zadd");
    private static final Command ZREM = KeyCalls.command("zrem");
    private static final Command ZSCORE = KeyCalls.command("zscore");
    private static final Command ZINCRBY = KeyCalls.command("zincrby");
    private static final Command ZRANK = KeyCalls.command("zrank");
    private static final Command ZREVRANK = KeyCalls.command("zrevrank");
    private static final Command ZRANGE = KeyCalls.command("zrange");
    private static final Command ZREVRANGE = KeyCalls.command("zrevrange");
    private static final Command ZRANGEBYSCORE = KeyCalls.command("zrangebyscore");
    private static final Command ZCOUNT = KeyCalls.command("zcount");
    private static final Command ZREMRANGEBYSCORE = KeyCalls.command("zremrangebyscore");
    private static final Command ZPOPMIN = KeyCalls.command("zpopmin");
    private static final Command ZPOPMAX = KeyCalls.command("zpopmax");
    private static final Command ZCARD = KeyCalls.command("zcard");
    private static final byte[] WITH_SCORES = KeyCalls.bytes("withscores");
    private static final byte[] LIMIT = KeyCalls.bytes("limit");

    StoredSortedSet(KeyCalls calls, String name) {
        super(calls, name);
    }

    /** A member and its score. */
    public record Scored(String member, double score) {}

    /**
     * Gives a member a score; tells whether it is new.
     *
     * @throws IllegalArgumentException if the score is not a number
     */
    public ShardFuture<Boolean> add(String member, double score) {
        return call(ZADD, KeyCalls::isOne, score(score), KeyCalls.bytes(member));
    }

    /**
     * Gives members scores; how many of them are new.
     *
     * @throws IllegalArgumentException if there are none, or a score is not a number
     */
    public ShardFuture<Long> addAll(Map<String, Double> scores) {
        byte[][] arguments = new byte[2 * Arguments.some(scores.size())][];
        int at = 0;
        for (Map.Entry<String, Double> each : scores.entrySet()) {
            arguments[at++] = score(each.getValue());
            arguments[at++] = KeyCalls.bytes(each.getKey());
        }
        return call(ZADD, KeyCalls::number, arguments);
    }

    private static byte[] score(double score) {
        if (Double.isNaN(score)) {
            throw new IllegalArgumentException("a score that is not a number (NaN); give one, or an infinity");
        }
        return KeyCalls.bytes(score);
    }

    /** Removes members; how many of them were there. */
    public ShardFuture<Long> remove(String... members) {
        return call(ZREM, KeyCalls::number, Arguments.of(List.of(members)));
    }

    /** A member's score; null if it is not there. */
    public ShardFuture<@Nullable Double> score(String member) {
        return call(ZSCORE, KeyCalls::score, KeyCalls.bytes(member));
    }

    /** Adds to a member's score, from 0 if it is not there; the new score. */
    public ShardFuture<Double> increment(String member, double by) {
        return call(ZINCRBY, reply -> ((Reply.Fraction) reply).value(), score(by), KeyCalls.bytes(member));
    }

    /** How many members have a lower place; null if it is not there. */
    public ShardFuture<@Nullable Long> rank(String member) {
        return call(ZRANK, KeyCalls::rank, KeyCalls.bytes(member));
    }

    /** How many members have a higher place; null if it is not there. */
    public ShardFuture<@Nullable Long> rankFromHighest(String member) {
        return call(ZREVRANK, KeyCalls::rank, KeyCalls.bytes(member));
    }

    /** The members from one place to another, both among them, from the lowest score; negative places count from the end. */
    public ShardFuture<List<Scored>> range(long first, long last) {
        return call(ZRANGE, StoredSortedSet::scored, KeyCalls.bytes(first), KeyCalls.bytes(last), WITH_SCORES);
    }

    /** As {@link #range}, from the highest score. */
    public ShardFuture<List<Scored>> rangeFromHighest(long first, long last) {
        return call(ZREVRANGE, StoredSortedSet::scored, KeyCalls.bytes(first), KeyCalls.bytes(last), WITH_SCORES);
    }

    /**
     * The members whose scores lie within bounds, both among them, from the lowest.
     *
     * @param limit how many at most
     */
    public ShardFuture<List<Scored>> rangeByScore(double least, double most, long limit) {
        return call(ZRANGEBYSCORE, StoredSortedSet::scored, score(least), score(most), WITH_SCORES, LIMIT,
                KeyCalls.bytes(0), KeyCalls.bytes(limit));
    }

    /** How many members have scores within bounds, both among them. */
    public ShardFuture<Long> count(double least, double most) {
        return call(ZCOUNT, KeyCalls::number, score(least), score(most));
    }

    /** Removes the members whose scores lie within bounds, both among them; how many. */
    public ShardFuture<Long> removeByScore(double least, double most) {
        return call(ZREMRANGEBYSCORE, KeyCalls::number, score(least), score(most));
    }

    /** Takes the member of the lowest score; null if there is none. */
    public ShardFuture<@Nullable Scored> popLowest() {
        return call(ZPOPMIN, StoredSortedSet::one);
    }

    /** Takes the member of the highest score; null if there is none. */
    public ShardFuture<@Nullable Scored> popHighest() {
        return call(ZPOPMAX, StoredSortedSet::one);
    }

    public ShardFuture<Long> size() {
        return call(ZCARD, KeyCalls::number);
    }

    private static @Nullable Scored one(Reply reply) {
        List<Reply> pair = ((Reply.Aggregate) reply).elements();
        return pair.isEmpty() ? null : scored(pair.get(0), pair.get(1));
    }

    private static List<Scored> scored(Reply reply) {
        List<Scored> all = new ArrayList<>();
        for (Reply each : ((Reply.Aggregate) reply).elements()) {
            List<Reply> pair = ((Reply.Aggregate) each).elements();
            all.add(scored(pair.get(0), pair.get(1)));
        }
        return all;
    }

    private static Scored scored(Reply member, Reply score) {
        return new Scored(((Reply.Blob) member).text(), ((Reply.Fraction) score).value());
    }
}
