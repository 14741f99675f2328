package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UnreadInputTest {
    private static final ByteBufAllocator ALLOC = new UnpooledByteBufAllocator(true);
    private final UnreadInput input = new UnreadInput();

    @AfterEach
    void release() {
        ByteBuf kept = input.bytes();
        input.release();
        assertThat(kept.refCnt()).as("nothing leaks but the empty buffer").isEqualTo(kept.capacity() == 0 ? 1 : 0);
    }

    private static ByteBuf direct(int capacity, String text) {
        return ALLOC.directBuffer(capacity).writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private String text() {
        return input.bytes().toString(StandardCharsets.US_ASCII);
    }

    @Test
    void whatIsReadAtOnceIsTakenWhereItLies() {
        ByteBuf received = direct(100, "abc");
        input.add(received, ALLOC, 0);
        assertThat(input.bytes()).isSameAs(received);
        assertThat(input.size()).isEqualTo(3);
        input.bytes().skipBytes(3);
        assertThat(input.isEmpty()).isTrue();
        input.keepRest(ALLOC, 0);
        assertThat(received.refCnt()).isZero();
    }

    @Test
    void whatComesInPiecesIsOnePiece() {
        input.add(direct(3, "abc"), ALLOC, 0);
        input.bytes().skipBytes(1);
        ByteBuf more = direct(4, "defg");
        input.add(more, ALLOC, 0);
        assertThat(text()).isEqualTo("bcdefg");
        assertThat(input.bytes().capacity()).as("with room for as much again").isEqualTo(12);
        assertThat(more.refCnt()).isZero();
    }

    @Test
    void whatLiesOnTheHeapIsTakenOutOfIt() {
        ByteBuf heap = ALLOC.heapBuffer(3).writeBytes(new byte[]{'a', 'b', 'c'});
        input.add(heap, ALLOC, 0);
        assertThat(text()).isEqualTo("abc");
        assertThat(input.bytes().hasMemoryAddress()).isTrue();
        assertThat(heap.refCnt()).isZero();
    }

    @Test
    void anAnnouncedLengthIsBelievedUpToTwiceWhatHasCome() {
        input.add(direct(4, "abcd"), ALLOC, 0);
        input.add(direct(4, "efgh"), ALLOC, 11);
        assertThat(input.bytes().capacity()).as("what is announced").isEqualTo(11);
        input.add(direct(4, "ijkl"), ALLOC, 1 << 30);
        assertThat(input.bytes().capacity()).as("twice what has come").isEqualTo(24);
        input.add(direct(20, "mnopqrstuvwxyz012345"), ALLOC, 20);
        assertThat(input.bytes().capacity()).as("more has come than was announced").isEqualTo(64);
    }

    @Test
    void aRestTakesNoMoreMemoryThanItNeeds() {
        input.add(direct(100, "abcdefghij"), ALLOC, 0);
        input.bytes().skipBytes(8);
        input.keepRest(ALLOC, 0);
        assertThat(text()).isEqualTo("ij");
        assertThat(input.bytes().capacity()).isEqualTo(2);
        ByteBuf kept = input.bytes();
        input.keepRest(ALLOC, 0);
        assertThat(input.bytes()).as("a quarter of the memory or more stays where it is").isSameAs(kept);
    }

    @Test
    void aRestLetsGoOfAllThatItWasCutFrom() {
        ByteBuf whole = direct(100, "abcdefghij");
        input.add(whole.readRetainedSlice(10), ALLOC, 0);
        whole.release();
        input.bytes().skipBytes(5);
        input.keepRest(ALLOC, 0);
        assertThat(text()).isEqualTo("fghij");
        assertThat(whole.refCnt()).as("what only a slice held").isZero();
    }

    @Test
    void aRestKeepsRoomForWhatIsExpected() {
        ByteBuf received = direct(100, "abcdefghij");
        input.add(received, ALLOC, 0);
        input.bytes().skipBytes(8);
        input.keepRest(ALLOC, 50);
        assertThat(input.bytes()).isSameAs(received);
        input.keepRest(ALLOC, 20);
        assertThat(input.bytes().capacity()).isEqualTo(20);
    }

    @Test
    void whatIsLeftToSomebodyElseIsNoLongerThere() {
        assertThat(input.leave()).isNull();
        input.add(direct(3, "abc"), ALLOC, 0);
        ByteBuf left = input.leave();
        assertThat(left).isNotNull();
        left.release();
        assertThat(input.isEmpty()).isTrue();
        ByteBuf taken = direct(3, "abc");
        input.add(taken, ALLOC, 0);
        taken.skipBytes(3);
        assertThat(input.leave()).isNull();
        assertThat(taken.refCnt()).isZero();
    }
}
