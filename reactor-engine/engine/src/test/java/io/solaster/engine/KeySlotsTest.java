package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.memory.Memory;
import org.junit.jupiter.api.Test;

class KeySlotsTest {
    private record Pair(int a, String b) {}

    @Test
    void slotsAreThoseOfRedisClusterWhereverTheBytesLie() {
        // By redis-cli cluster keyslot.
        assertThat(Slots.of("foo")).isEqualTo(12182);
        assertThat(Slots.of("123456789")).isEqualTo(12739);
        assertThat(Slots.of("{user1000}.following")).isEqualTo(Slots.of("user1000")).isEqualTo(3443);
        for (String key : new String[]{"", "a", "{}x", "{", "a{b}c{d}", "foo{{bar}}zap", "schlüssel",
                "a longer key than eight"}) {
            byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
            long address = Memory.allocate(bytes.length + 8);
            try {
                for (int i = 0; i < bytes.length; i++) {
                    Memory.putByte(address + i, bytes[i]);
                }
                assertThat(Slots.of(key)).as(key).isEqualTo(Slots.of(bytes)).isEqualTo(Slots.of(address, bytes.length));
            } finally {
                Memory.free(address);
            }
        }
    }

    @Test
    void whatReadsAlikeIsOneKey() {
        UUID uuid = UUID.fromString("5f4dcc3b-5aa7-65d6-1d83-27deb882cf99");
        assertThat(KeySlots.of(42)).isEqualTo(KeySlots.of(42L)).isEqualTo(KeySlots.of("42"))
                .isEqualTo(KeySlots.of(new StringBuilder("42"))).isEqualTo(KeySlots.of(new byte[]{'4', '2'}));
        assertThat(KeySlots.of(uuid)).isEqualTo(KeySlots.of(uuid.toString()));
        assertThat(KeySlots.of(TimeUnit.DAYS)).isEqualTo(KeySlots.of("DAYS"));
        assertThat(KeySlots.of(new Pair(1, "b"))).isEqualTo(KeySlots.of(new Pair(1, "b")));
    }

    @Test
    void keysAreSpreadOverTheShards() {
        try (Engine engine = Engines.start(Transport.NIO, 3)) {
            Map<Integer, Integer> texts = new HashMap<>();
            Map<Integer, Integer> records = new HashMap<>();
            for (int i = 0; i < 3000; i++) {
                texts.merge(engine.shardOf(i), 1, Integer::sum);
                records.merge(engine.shardOf(new Pair(i, "x")), 1, Integer::sum);
            }
            assertThat(texts.values()).hasSize(3).allMatch(count -> count > 800);
            assertThat(records.values()).hasSize(3).allMatch(count -> count > 800);
        }
    }

    @Test
    void whatIsNoKeyIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> KeySlots.of(null))
                .withMessageContaining("null is no key");
        assertThatIllegalArgumentException().isThrownBy(() -> KeySlots.of(new Object()))
                .withMessageContaining("java.lang.Object has no hashCode() of its own");
        assertThatIllegalArgumentException().isThrownBy(() -> KeySlots.of(new int[]{1}));
    }
}
