package io.solaster.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.solaster.http.exchange.GatherBudget;
import org.junit.jupiter.api.Test;

class KeptBodyTest {
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final GatherBudget budget = new GatherBudget(1 << 20);
    private final KeptBody kept = new KeptBody(budget);

    private void add(int bytes) {
        ByteBuf part = UnpooledByteBufAllocator.DEFAULT.heapBuffer(bytes).writeZero(bytes);
        assertThat(kept.add(part, allocator, false)).isTrue();
        part.release();
    }

    @Test
    void whatIsKeptTakesTheMemoryThatIsCountedForIt() {
        add(1);
        add(1);
        assertThat(budget.used()).isLessThan(200);
        for (int i = 0; i < 20_000; i++) {
            add(1);
            assertThat(budget.used()).isEqualTo(allocator.metric().usedDirectMemory());
        }
        assertThat(kept.count()).isLessThan(10);
        kept.dropFirst();
        assertThat(budget.used()).isEqualTo(allocator.metric().usedDirectMemory());
        kept.release();
        assertThat(budget.used()).isZero();
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    @Test
    void whatIsKeptWithoutRoomIsNotGivenBack() {
        budget.take(budget.limit() - 10_000, 0);
        for (boolean anyway : new boolean[]{false, false, true, false}) {
            ByteBuf part = UnpooledByteBufAllocator.DEFAULT.directBuffer().writeZero(9_000);
            boolean first = kept.isEmpty();
            assertThat(kept.add(part, allocator, anyway)).isEqualTo(first || anyway);
            part.release();
        }
        assertThat(kept.count()).isEqualTo(2);
        kept.release();
        assertThat(budget.used()).isEqualTo(budget.limit() - 10_000);
    }
}
