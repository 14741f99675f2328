package io.solaster.http.http1;

import java.util.ArrayList;
import java.util.List;

import io.solaster.http.exchange.Exchange;
import org.jspecify.annotations.Nullable;

/** Exchanges that are over and whose listeners are told once their responses have been sent. On the owning shard. */
final class Listening {
    private @Nullable List<Exchange> exchanges;

    /** One more, which is kept as it is until then. */
    void add(Exchange over) {
        over.request().keep();
        over.outlives = true;
        List<Exchange> all = exchanges;
        if (all == null) {
            all = new ArrayList<>(2);
            exchanges = all;
        }
        all.add(over);
    }

    boolean isEmpty() {
        return exchanges == null;
    }

    /** Those up to here; others follow by themselves. */
    Listening take() {
        Listening taken = new Listening();
        taken.exchanges = exchanges;
        exchanges = null;
        return taken;
    }

    /** @param cause why they were not sent; null if they were */
    void tell(@Nullable Throwable cause) {
        List<Exchange> all = exchanges;
        exchanges = null;
        if (all != null) {
            for (Exchange each : all) {
                each.response().tell(cause);
                each.leaveMemory();
            }
        }
    }
}
