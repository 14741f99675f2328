package io.solaster.http;

import java.util.Objects;
import java.util.Set;

import io.netty.handler.codec.http.HttpMethod;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.engine.trace.RequestTrace.Outcome;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;

/**
 * Tells whoever traces of each exchange; to be put around the handler of a server, for all of it. A request is named by its
 * method and its route's template. What the handler submits and forks is traced below it. It costs a request that is not
 * traced nothing but the question. On the owning shard.
 */
public final class TracedHandler implements HttpHandler {
    /** The attribute of a request that is traced which holds the id of its trace, for logs. */
    public static final String TRACE_ID = "io.solaster.trace-id";

    /** Others are the client's invention, of which there may be any number. */
    private static final Set<HttpMethod> KNOWN = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST,
            HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE, HttpMethod.OPTIONS, HttpMethod.TRACE,
            HttpMethod.CONNECT);
    private static final int SERVER_ERROR = 500;

    private final HttpHandler handler;

    /** Around this handler. */
    public TracedHandler(HttpHandler handler) {
        this.handler = Objects.requireNonNull(handler);
    }

    @Override
    public void handle(HttpRequest request, HttpResponse response) throws Exception {
        Tracing tracing = request.shard().tracing();
        RequestTrace trace = tracing != null && request instanceof TracedRequest traced
                ? tracing.request(request.shard(), traced)
                : null;
        if (trace == null) {
            handler.handle(request, response);
        } else {
            traced(trace, request, response);
        }
    }

    private void traced(RequestTrace trace, HttpRequest request, HttpResponse response) throws Exception {
        String id = trace.traceId();
        if (id != null) {
            request.attribute(TRACE_ID, id);
        }
        response.onEnd(failure -> end(trace, request, response, failure));
        trace.call(() -> {
            handler.handle(request, response);
            return true;
        });
    }

    private static void end(RequestTrace trace, HttpRequest request, HttpResponse response,
            @Nullable Throwable failure) {
        String method = KNOWN.contains(request.method()) ? request.method().name() : "OTHER";
        String route = request.route();
        trace.operation(route == null ? method : method + " " + route);
        trace.detail("url.path", request.rawPath());
        trace.detail("http.response.status_code", response.status().codeAsText().toString());
        trace.ended(failure != null
                ? Outcome.CANCELLED
                : response.status().code() >= SERVER_ERROR ? Outcome.ERROR : Outcome.SUCCESS);
    }
}
