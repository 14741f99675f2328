package io.solaster.http;

import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

import io.solaster.config.Internal;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is left to do of an exchange once a stage is done: on its shard, and only if the exchange has not ended meanwhile.
 * A stage that is not done when it is asked means that application code goes on with the exchange, be it answered or not:
 * the exchange is held until then, so that it serves no other client. Begun on the owning shard; the stage may be completed
 * by any thread.
 */
@Internal
public final class Continuation implements BiConsumer<@Nullable Object, @Nullable Throwable>, Runnable {
    private static final Logger log = LoggerFactory.getLogger(Continuation.class);

    private final HttpRequest request;
    private final HttpResponse response;
    private final Shard shard;
    private final @Nullable Holdable held;
    private final Step next;
    private @Nullable Throwable failure;
    private boolean ran;
    private boolean holds;

    /** What is left to do. */
    @FunctionalInterface
    public interface Step {

        void run() throws Exception;
    }

    private Continuation(HttpRequest request, HttpResponse response, Step next) {
        this.request = request;
        this.response = response;
        this.shard = request.shard();
        this.held = request instanceof Holdable own ? own : null;
        this.next = next;
    }

    /** Does it when the stage has succeeded; answers with the failure otherwise. */
    public static void of(HttpRequest request, HttpResponse response, CompletionStage<?> stage, Step next) {
        Continuation rest = new Continuation(request, response, next);
        stage.whenComplete(rest);
        if (!rest.ran && rest.held != null) {
            rest.holds = true;
            rest.held.hold();
        }
    }

    @Override
    public void accept(@Nullable Object done, @Nullable Throwable met) {
        failure = met;
        if (shard.inEventLoop()) {
            run();
        } else {
            shard.execute(this);
        }
    }

    @Override
    public void run() {
        ran = true;
        try {
            goOn();
        } finally {
            if (holds && held != null) {
                held.letGo();
            }
        }
    }

    private void goOn() {
        Throwable met = failure;
        if (response.isEnded()) {
            // The failure of one who was cut off, or whose client has gone, is most likely of that.
            if (met != null && held != null && !held.isCut() && !BodyGone.isBehind(Failures.cause(met))) {
                log.error("{} failed after it had been answered", request, Failures.cause(met));
            }
            return;
        }
        if (met != null) {
            response.fail(Failures.cause(met));
            return;
        }
        try {
            next.run();
        } catch (Throwable e) {
            response.fail(e);
        }
    }
}
