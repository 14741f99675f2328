package io.solaster.streams.subscribe.name;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.ToIntFunction;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import org.junit.jupiter.api.Test;

/** Names and their numbers, beside a map. */
final class NameTableTest {
    @Test
    void holdsTheNamesThatAMapHolds() {
        Random random = new Random(42);
        Map<String, Integer> model = new HashMap<>();
        try (NameTable table = new NameTable(SystemMemory.SYSTEM, random)) {
            for (int step = 0; step < 40_000; step++) {
                // Grows first, shrinks to nothing then, so that gaps are closed and room is given back.
                boolean growing = step < 20_000 == random.nextInt(10) < 7;
                int kind = random.nextInt(2);
                String name = "n".repeat(random.nextInt(20)) + random.nextInt(800);
                Integer known = model.get(kind + name);
                assertThat(with(name, address -> table.find(kind, address, name.length())))
                        .isEqualTo(known == null ? NameTable.NONE : known);
                if (growing) {
                    int id = with(name, address -> table.add(kind, address, name.length()));
                    assertThat(known == null || known == id).isTrue();
                    model.put(kind + name, id);
                    assertThat(table.kind(id)).isEqualTo(kind);
                    assertThat(text(table, id)).isEqualTo(name);
                } else if (known != null) {
                    table.remove(known);
                    assertThat(table.exists(known)).isFalse();
                    model.remove(kind + name);
                }
                assertThat(table.size()).isEqualTo(model.size());
            }
            Set<String> found = new HashSet<>();
            for (int id = 0; id < table.capacity(); id++) {
                if (table.exists(id)) {
                    found.add(table.kind(id) + text(table, id));
                }
            }
            assertThat(found).isEqualTo(model.keySet());
            assertThat(table.bytes()).isEqualTo(model.keySet().stream().mapToLong(each -> each.length() - 1).sum());
        }
    }

    private static String text(NameTable table, int id) {
        byte[] bytes = new byte[table.length(id)];
        Memory.copy(table.address(id), bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private static int with(String name, ToIntFunction<Long> call) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        long address = Memory.allocate(Math.max(1, bytes.length));
        try {
            Memory.copy(bytes, 0, address, bytes.length);
            return call.applyAsInt(address);
        } finally {
            Memory.free(address);
        }
    }
}
