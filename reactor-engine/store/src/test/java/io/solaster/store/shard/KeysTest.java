package io.solaster.store.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.store.StoreFixture;
import io.solaster.store.shard.Command.KeyFinder;
import io.solaster.store.shard.Command.Keys;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KeysTest {
    private static Keys keys(int first, int last, int step, @Nullable KeyFinder finder) {
        return new Keys(first, last, step, List.of(List.of("RO")), finder);
    }

    private static List<String> found(Keys keys, String... arguments) {
        return StoreFixture.of(1).servers().on(0, server -> {
            CommandCall call = StoreFixture.parts(StoreFixture.of(1).store()).part(0).call();
            ByteBuf bytes = Unpooled.directBuffer();
            try {
                call.begin(arguments.length);
                for (String argument : arguments) {
                    bytes.writeBytes(argument.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                }
                long address = Memory.address(bytes);
                for (int i = 0; i < arguments.length; i++) {
                    call.argument(i, address, arguments[i].length());
                    address += arguments[i].length();
                }
                KeyPositions positions = new KeyPositions();
                keys.find(call, 0, positions);
                KeyPositions copy = new KeyPositions();
                copy.add(77);
                copy.copy(positions);
                List<String> names = new ArrayList<>();
                for (int i = 0; i < copy.count(); i++) {
                    names.add(call.text(copy.at(i)) + (copy.span(i) > 1 ? "+" + (copy.span(i) - 1) : ""));
                }
                return names;
            } finally {
                bytes.release();
            }
        }).join();
    }

    @Test
    void keysStandAtFixedPlaces() {
        assertThat(found(keys(1, 1, 1, null), "SET", "a", "1")).containsExactly("a");
        assertThat(found(keys(1, -1, 1, null), "DEL", "a", "b", "c")).containsExactly("a", "b", "c");
        assertThat(found(keys(1, -1, 2, null), "MSET", "a", "1", "b", "2")).containsExactly("a+1", "b+1");
        assertThat(found(keys(1, 2, 1, null), "RENAME", "a", "b")).containsExactly("a", "b");
        assertThat(found(Keys.NONE, "PING")).isEmpty();
    }

    @Test
    void aNumberSaysHowManyThereAre() {
        Keys counted = keys(0, 0, 0, Keys.counted(1));
        assertThat(found(counted, "LMPOP", "2", "a", "b", "LEFT")).containsExactly("a", "b");
        assertThat(found(counted, "LMPOP", "9", "a", "b", "LEFT")).isEmpty();
        assertThat(found(counted, "LMPOP", "0", "a", "LEFT")).isEmpty();
        assertThat(found(counted, "LMPOP", "-1", "a", "LEFT")).isEmpty();
        assertThat(found(counted, "LMPOP", "x", "a", "LEFT")).isEmpty();
        assertThat(found(counted, "LMPOP", "9223372036854775807", "a", "LEFT")).isEmpty();
        assertThat(found(counted, "LMPOP")).isEmpty();
        Keys target = keys(1, 1, 1, Keys.targetAndCounted(1, 2));
        assertThat(found(target, "ZUNIONSTORE", "to", "2", "a", "b", "WEIGHTS", "1", "2"))
                .containsExactly("to", "a", "b");
        assertThat(found(target, "ZUNIONSTORE", "to", "3", "a", "b")).isEmpty();
    }

    @Test
    void aWordSaysWhereOneStands() {
        // As that of SORT: the last STORE counts.
        Keys sort = keys(1, 1, 1, (call, from, count, found) -> {
            found.add(from + 1);
            int store = 0;
            for (int i = 2; i + 1 < count; i++) {
                store = call.is(from + i, "store") ? from + i + 1 : store;
            }
            if (store > 0) {
                found.add(store);
            }
        });
        assertThat(found(sort, "SORT", "a", "LIMIT", "0", "1")).containsExactly("a");
        assertThat(found(sort, "SORT", "a", "STORE", "x", "DESC", "store", "y")).containsExactly("a", "y");
    }
}
