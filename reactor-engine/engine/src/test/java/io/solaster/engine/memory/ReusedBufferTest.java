package io.solaster.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.junit.jupiter.api.Test;

class ReusedBufferTest {
    private final ReusedBuffer reused = new ReusedBuffer(ByteBufAllocator.DEFAULT, 64);

    @Test
    void theSameMemoryComesAgainUnlessItIsKept() {
        ByteBuf first = reused.take();
        first.release();
        ByteBuf second = reused.take();
        assertThat(second).isSameAs(first);
        ByteBuf third = reused.take();
        assertThat(third).isNotSameAs(second);
        second.release();
        assertThat(second.refCnt()).isZero();
        third.release();
        reused.close();
        assertThat(third.refCnt()).isZero();
        reused.close();
    }

    @Test
    void oneThatWasReleasedTooOftenIsReplaced() {
        ByteBuf broken = reused.take();
        broken.release(2);
        ByteBuf next = reused.take();
        assertThat(next.writeInt(1).refCnt()).isEqualTo(2);
        next.release(2);
        reused.close();
    }

    @Test
    void whoTakesOneAfterTheEndHasItAlone() {
        reused.close();
        ByteBuf late = reused.take();
        assertThat(late.refCnt()).isOne();
        late.release();
        assertThat(late.refCnt()).isZero();
    }
}
