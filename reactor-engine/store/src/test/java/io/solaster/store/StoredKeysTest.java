package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;

import io.solaster.store.StoredSortedSet.Scored;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What code of the same process does with keys, and what a Redis client sees of it. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StoredKeysTest extends ClientTest {

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void hashes() {
        for (int i = 0; i < 10; i++) {
            String key = "cart:" + i;
            StoredHash hash = store.store().hash(key);
            assertThat(hash.get("a").join()).isNull();
            assertThat(hash.put("a", bytes("1")).join()).isTrue();
            assertThat(hash.put("a", bytes("2")).join()).isFalse();
            assertThat(hash.putIfAbsent("a", bytes("3")).join()).isFalse();
            assertThat(hash.putAll(Map.of("b", bytes("x"), "ü", bytes(""))).join()).isEqualTo(2);
            assertThat(client.call("HGET", key, "a")).isEqualTo("$1|2");
            assertThat(hash.get("ü").join()).isEmpty();
            assertThat(hash.getAll(List.of("b", "none")).join()).containsExactly(bytes("x"), null);
            assertThat(hash.increment("a", 40).join()).isEqualTo(42);
            assertThat(hash.entries().join()).containsOnlyKeys("a", "b", "ü").containsEntry("a", bytes("42"));
            assertThat(hash.fields().join()).containsExactlyInAnyOrder("a", "b", "ü");
            assertThat(hash.contains("b").join()).isTrue();
            assertThat(hash.remove("b", "none").join()).isOne();
            assertThat(hash.size().join()).isEqualTo(2);
        }
    }

    @Test
    void lists() {
        StoredList list = store.store().list("queue");
        assertThat(list.popFirst().join()).isNull();
        assertThat(list.pushLast(bytes("a"), bytes("b")).join()).isEqualTo(2);
        assertThat(list.pushFirst(bytes("c"), bytes("d")).join()).isEqualTo(4);
        assertThat(client.call("LRANGE", "queue", "0", "-1")).isEqualTo("*4|$1|d|$1|c|$1|a|$1|b");
        assertThat(list.range(1, -1).join()).containsExactly(bytes("c"), bytes("a"), bytes("b"));
        assertThat(list.get(-1).join()).isEqualTo(bytes("b"));
        assertThat(list.get(9).join()).isNull();
        list.set(0, bytes("D")).join();
        assertThat(list.remove(bytes("c")).join()).isOne();
        list.trim(0, 1).join();
        assertThat(list.size().join()).isEqualTo(2);
        assertThat(list.popFirst().join()).isEqualTo(bytes("D"));
        assertThat(list.popLast().join()).isEqualTo(bytes("a"));
        assertThat(list.exists().join()).isFalse();
        assertThatThrownBy(() -> list.set(0, bytes("x")).join()).hasCauseInstanceOf(StoreException.class)
                .hasMessageContaining("key 'queue': ERR no such key");
    }

    @Test
    void sets() {
        StoredSet set = store.store().set("tags");
        assertThat(set.pop().join()).isNull();
        assertThat(set.members().join()).isEmpty();
        assertThat(set.add("x", "y", "x").join()).isEqualTo(2);
        assertThat(client.call("SISMEMBER", "tags", "y")).isEqualTo(":1");
        assertThat(set.contains("x").join()).isTrue();
        assertThat(set.members().join()).containsExactlyInAnyOrder("x", "y");
        assertThat(set.random().join()).isIn("x", "y");
        assertThat(set.remove("x").join()).isOne();
        assertThat(set.size().join()).isOne();
        assertThat(set.pop().join()).isEqualTo("y");
    }

    @Test
    void sortedSets() {
        StoredSortedSet ranking = store.store().sortedSet("ranking");
        assertThat(ranking.popLowest().join()).isNull();
        assertThat(ranking.add("ann", 3).join()).isTrue();
        assertThat(ranking.add("ann", 3.5).join()).isFalse();
        assertThat(ranking.addAll(Map.of("bob", 1.0, "cy", Double.POSITIVE_INFINITY)).join()).isEqualTo(2);
        assertThat(client.call("ZSCORE", "ranking", "ann")).isEqualTo("$3|3.5");
        assertThat(ranking.score("cy").join()).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(ranking.score("none").join()).isNull();
        assertThat(ranking.increment("bob", -0.25).join()).isEqualTo(0.75);
        assertThat(ranking.rank("ann").join()).isEqualTo(1);
        assertThat(ranking.rankFromHighest("bob").join()).isEqualTo(2);
        assertThat(ranking.rank("none").join()).isNull();
        assertThat(ranking.range(0, 1).join()).containsExactly(new Scored("bob", 0.75), new Scored("ann", 3.5));
        assertThat(ranking.rangeFromHighest(0, 0).join())
                .containsExactly(new Scored("cy", Double.POSITIVE_INFINITY));
        assertThat(ranking.rangeByScore(Double.NEGATIVE_INFINITY, 4, 1).join())
                .containsExactly(new Scored("bob", 0.75));
        assertThat(ranking.count(1, 4).join()).isOne();
        assertThat(ranking.removeByScore(0, 1).join()).isOne();
        assertThat(ranking.popHighest().join()).isEqualTo(new Scored("cy", Double.POSITIVE_INFINITY));
        assertThat(ranking.remove("ann").join()).isOne();
        assertThat(ranking.size().join()).isZero();
        assertThatThrownBy(() -> ranking.add("x", Double.NaN)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aKeyExpiresAndIsDeleted() {
        StoredSet set = store.store().set("k");
        assertThat(set.expire(Duration.ofSeconds(1)).join()).isFalse();
        set.add("x").join();
        assertThat(set.timeToLive().join()).isNull();
        assertThat(set.type().join()).isEqualTo("set");
        assertThat(set.expire(Duration.ofHours(1)).join()).isTrue();
        assertThat(set.timeToLive().join()).isBetween(Duration.ofMinutes(58), Duration.ofHours(1));
        assertThat(set.persist().join()).isTrue();
        set.expire(Duration.ofSeconds(10)).join();
        store.advance(Duration.ofSeconds(11));
        assertThat(set.exists().join()).isFalse();
        set.add("x").join();
        assertThat(set.delete().join()).isTrue();
        assertThat(set.type().join()).isEqualTo("none");
        assertThatThrownBy(() -> set.expire(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anotherTypeIsToldByName() {
        client.call("SET", "text", "x");
        assertThatThrownBy(() -> store.store().list("text").pushLast(bytes("a")).join())
                .isInstanceOf(CompletionException.class).cause().isInstanceOfSatisfying(StoreException.class, e -> {
                    assertThat(e.code()).isEqualTo("WRONGTYPE");
                    assertThat(e).hasMessageStartingWith("key 'text': WRONGTYPE");
                });
        assertThatThrownBy(() -> store.store().set("k").add()).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void stringsAreSetWhereThereAreNone() {
        Strings strings = store.store().strings();
        assertThat(strings.setIfAbsent("k", bytes("1"), Duration.ofHours(1)).join()).isNull();
        assertThat(strings.setIfAbsent("k", bytes("2"), Duration.ZERO).join()).isEqualTo(bytes("1"));
        assertThat(strings.increment("k", 4).join()).isEqualTo(5);
        assertThat(Long.parseLong(client.call("TTL", "k").substring(1))).isBetween(3_000L, 3_600L);
    }

    @Test
    void whatMemoryHasNoRoomForIsRefused() {
        assertThat(client.call("CONFIG", "SET", "maxmemory", "1")).isEqualTo("+OK");
        try {
            assertThatThrownBy(() -> store.store().strings().set("k", bytes("v")).join())
                    .hasCauseInstanceOf(StoreException.class).hasMessageContaining("OOM");
        } finally {
            client.call("CONFIG", "SET", "maxmemory", "0");
        }
    }

    @Test
    void keysThatBeginAlikeAreRemovedTogether() {
        for (int i = 0; i < 3_000; i++) {
            client.send("SET", "books::" + i, "x").send("RPUSH", "bookshelf" + i, "y");
        }
        for (int i = 0; i < 6_000; i++) {
            client.reply();
        }
        assertThat(store.store().removeAll("books::").join()).isEqualTo(3_000);
        assertThat(client.call("DBSIZE")).isEqualTo(":3000");
        assertThat(store.store().removeAll("").join()).isEqualTo(3_000);
        assertThat(store.store().removeAll("").join()).isZero();
    }
}
