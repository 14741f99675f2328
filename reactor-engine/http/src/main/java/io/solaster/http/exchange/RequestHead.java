package io.solaster.http.exchange;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.solaster.http.route.Target;
import io.solaster.http.wire.HeadMemory;

/** What the head of a request says, however it came. Header names are compared without regard to case. On the owning shard. */
public interface RequestHead {

    /** The longest name of a method that is read, in characters. */
    int LONGEST_METHOD = 32;
    /** The most digits of a Content-Length. */
    int MAX_DIGITS = 18;

    /** Whether it came over a stream of HTTP/2. */
    boolean isOfStream();

    /** Takes memory that other heads have left. */
    default void take(HeadMemory memory) {}

    /** Leaves its memory to other heads. */
    default void give(HeadMemory memory) {}

    /** Ready for the next head. */
    void clear();

    /** The received bytes go, and the exchange goes on. */
    void keep();

    HttpMethod method();

    HttpVersion version();

    /** The target, taken apart. */
    Target target(Targets known);

    /** Whether the client asks for another protocol on its connection. */
    boolean upgrades();

    int count();

    String name(int i);

    String value(int i);

    /** The first header of this name from {@code from} on; -1 if there is none. */
    int find(CharSequence name, int from);
}
