package io.solaster.http.route;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.Continuation;
import io.solaster.http.ErrorMapper;
import io.solaster.http.Escapes;
import io.solaster.http.Handlers;
import io.solaster.http.HttpException;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the handler of a request by its method and path. Built once, then the same for all shards.
 *
 * <p>
 * <b>Templates</b> begin with a slash. A segment is a literal, {@code {name}} for one segment that is not empty,
 * {@code *} for one whose value does not matter, or as the last {@code {*name}} for all that is left, be it nothing:
 * {@code /files/{*path}} takes {@code /files}, {@code /files/} and {@code /files/a/b}. Where several match, the one that
 * is more specific in the first segment that tells them apart is taken: literal, then name, then {@code *}, then
 * {@code {*name}}; one that lacks the method is passed over. Two routes for the same paths and method are refused.
 *
 * <p>
 * <b>Paths</b> are told apart by case, and {@code /orders/} is not {@code /orders}. An escape stands for what it decodes
 * to, but {@code %2F} stays within its segment, and {@code {*name}}, which is a path itself, does not take it. A path
 * with that, with {@code .} or {@code ..}, a NUL or a malformed escape is answered with 400. HEAD is answered by GET's
 * handler where it has none of its own; OPTIONS with 204, and a method that a path does not have with 405, both with
 * {@code Allow}; a path that there is no route to with 404.
 *
 * <p>
 * <b>A request</b> passes the {@code before} filters, then has its body gathered (up to the server's {@code max-body},
 * unless the handler is {@linkplain HttpHandler#streaming streaming}), then reaches its handler; the {@code after}
 * filters see the response before its head is sent. Whatever fails, wherever, goes to the {@code error} filters. Filters
 * see the requests without a route too.
 */
public final class Router implements HttpHandler {
    private static final Template EVERYWHERE = Template.of("/").asPrefix();

    /** A route as it was defined. */
    private record Definition(@Nullable HttpMethod method, Template template, HttpHandler handler) {

        @Override
        public String toString() {
            return (method == null ? "ANY" : method.name()) + " " + template.text();
        }
    }

    /** A filter as it was defined: for the paths that begin with its prefix. */
    private record Scoped<T>(Template prefix, T filter) {

        Scoped<T> under(Template mount) {
            return new Scoped<>(prefix.segments().isEmpty() ? mount : prefix.under(mount), filter);
        }
    }

    /** An error filter as it was defined. */
    private record Mapped<T extends Throwable>(Class<T> type, ErrorMapper<? super T> mapper) {

        ErrorFilter<T> compile(@Nullable Template prefix) {
            return new ErrorFilter<>(prefix, type, mapper);
        }
    }

    private final List<Definition> definitions;
    private final List<Scoped<HttpHandler>> before;
    private final List<Scoped<HttpHandler>> after;
    private final List<Scoped<Mapped<?>>> errors;
    private final RouteTrie trie = new RouteTrie();
    private final int captures;
    /** Answers a path that there is no route to. */
    private final Route unmatched;
    /** Answers a path that could be understood in two ways, so that it belongs to no prefix. */
    private final Route malformed;

    private Router(Builder builder) {
        definitions = List.copyOf(builder.definitions);
        before = concat(builder.before, builder.mountedBefore);
        after = concat(builder.mountedAfter, builder.after);
        errors = concat(builder.mountedErrors, builder.errors);
        int most = 0;
        for (Definition definition : definitions) {
            Template template = definition.template();
            HttpHandler handler = definition.handler();
            boolean streaming = handler instanceof Handlers.Streaming;
            List<String> names = template.names();
            Route route = new Route(template.text(), names,
                    handler instanceof Handlers.Streaming marked ? marked.handler() : handler, streaming,
                    filtersOf(template));
            trie.add(definition.method(), template, route);
            most = Math.max(most, names.size());
        }
        captures = most;
        unmatched = new Route(null, List.of(), this::refuse, true, filtersOf(Template.of("/{*any}")));
        malformed = new Route(null, List.of(), Router::refuseMalformed, true, filtersOf(EVERYWHERE));
    }

    private static <T> List<T> concat(List<T> first, List<T> second) {
        List<T> all = new ArrayList<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }

    /** Those that can apply to the paths of a template; what is not known before the path is, is asked of the path. */
    private Filters filtersOf(Template template) {
        List<ErrorFilter<?>> mappers = new ArrayList<>();
        for (Scoped<Mapped<?>> error : errors) {
            Template.Reach reach = error.prefix().reach(template);
            if (reach != Template.Reach.NONE) {
                mappers.add(error.filter().compile(reach == Template.Reach.ALL ? null : error.prefix()));
            }
        }
        return new Filters(compile(before, template), compile(after, template), List.copyOf(mappers));
    }

    private static List<Filter> compile(List<Scoped<HttpHandler>> filters, Template template) {
        List<Filter> compiled = new ArrayList<>();
        for (Scoped<HttpHandler> filter : filters) {
            Template.Reach reach = filter.prefix().reach(template);
            if (reach != Template.Reach.NONE) {
                compiled.add(new Filter(reach == Template.Reach.ALL ? null : filter.prefix(), filter.filter()));
            }
        }
        return List.copyOf(compiled);
    }

    /** An empty one. */
    public static Builder builder() {
        return new Builder();
    }

    /** What it routes, as {@code GET /orders/{id}}, in the order of definition; {@code ANY} stands for any method. */
    public List<String> routes() {
        return definitions.stream().map(Definition::toString).toList();
    }

    /** The templates of its routes, in the order of definition, each once. */
    public List<String> templates() {
        return definitions.stream().map(definition -> definition.template().text()).distinct().toList();
    }

    @Override
    public String toString() {
        return "Router" + routes();
    }

    @Override
    public void handle(HttpRequest request, HttpResponse response) throws Exception {
        if (!(request instanceof Routed routed)) {
            throw new IllegalArgumentException("a router takes the requests of HttpProtocol, not a "
                    + request.getClass().getName() + ": call the handler itself to test it");
        }
        Target target = routed.parts();
        String path = target.rawPath();
        HttpMethod method = request.method();
        RouteMatch match = routed.match();
        match.begin(path, captures);
        Route route = target.known(this, method);
        if (route == null) {
            route = Escapes.flaw(path) == null ? trie.find(path, method, match) : malformed;
            if (route == null) {
                route = unmatched;
            } else if (match.hidesSlash(route)) {
                // To filters it is one segment, and to whoever takes it for a path, more.
                route = malformed;
            } else if (route.names().isEmpty()) {
                target.found(this, method, route);
            }
        }
        match.route = route;
        pass(route, path, request, response, 0);
    }

    /** From a filter on to the handler. */
    private static void pass(Route route, String path, HttpRequest request, HttpResponse response, int from)
            throws Exception {
        List<Filter> filters = route.filters().before();
        for (int i = from; i < filters.size(); i++) {
            if (!filters.get(i).appliesTo(path)) {
                continue;
            }
            HttpHandler filter = filters.get(i).handler();
            if (filter instanceof Handlers.Later later) {
                int next = i + 1;
                Continuation.of(request, response, later.start(request, response), () -> {
                    if (!response.isCommitted()) {
                        pass(route, path, request, response, next);
                    }
                });
                return;
            }
            filter.handle(request, response);
            if (response.isCommitted()) {
                return;
            }
        }
        if (!route.streaming() && ((Routed) request).hasBody()) {
            Continuation.of(request, response, request.body().whole(), () -> route.handler().handle(request, response));
            return;
        }
        route.handler().handle(request, response);
    }

    private static void refuseMalformed(HttpRequest request, HttpResponse response) {
        HttpException flaw = Escapes.flaw(request.rawPath());
        throw flaw != null
                ? flaw
                : Escapes.bad("'%2F' where the path is taken as a whole: write the slash as it is");
    }

    private void refuse(HttpRequest request, HttpResponse response) {
        String path = request.rawPath();
        boolean options = request.method().equals(HttpMethod.OPTIONS);
        Set<String> methods = new TreeSet<>();
        if (options && path.equals("*")) {
            for (Definition definition : definitions) {
                methods.add(definition.method() == null ? "GET" : definition.method().name());
            }
        } else {
            trie.allowed(path, methods);
        }
        if (methods.isEmpty()) {
            throw new HttpException(HttpResponseStatus.NOT_FOUND, "nothing at " + path);
        }
        if (methods.contains("GET")) {
            methods.add("HEAD");
        }
        methods.add("OPTIONS");
        String allowed = String.join(", ", methods);
        if (options) {
            response.header(HttpHeaderNames.ALLOW, allowed).status(HttpResponseStatus.NO_CONTENT).send();
            return;
        }
        throw new HttpException(HttpResponseStatus.METHOD_NOT_ALLOWED,
                request.method() + " " + path + ": not one of " + allowed).header(HttpHeaderNames.ALLOW, allowed);
    }

    /** Gathers routes and filters. For one thread. */
    public static final class Builder {
        private final List<Definition> definitions = new ArrayList<>();
        private final List<Scoped<HttpHandler>> before = new ArrayList<>();
        private final List<Scoped<HttpHandler>> after = new ArrayList<>();
        private final List<Scoped<Mapped<?>>> errors = new ArrayList<>();
        private final List<Scoped<HttpHandler>> mountedBefore = new ArrayList<>();
        private final List<Scoped<HttpHandler>> mountedAfter = new ArrayList<>();
        private final List<Scoped<Mapped<?>>> mountedErrors = new ArrayList<>();

        private Builder() {}

        /** A route for GET, and for HEAD where that has none of its own. */
        public Builder get(String template, HttpHandler handler) {
            return route(HttpMethod.GET, template, handler);
        }

        /** A route for POST. */
        public Builder post(String template, HttpHandler handler) {
            return route(HttpMethod.POST, template, handler);
        }

        /** A route for PUT. */
        public Builder put(String template, HttpHandler handler) {
            return route(HttpMethod.PUT, template, handler);
        }

        /** A route for PATCH. */
        public Builder patch(String template, HttpHandler handler) {
            return route(HttpMethod.PATCH, template, handler);
        }

        /** A route for DELETE. */
        public Builder delete(String template, HttpHandler handler) {
            return route(HttpMethod.DELETE, template, handler);
        }

        /** A route for whichever method the template has no route of its own for. */
        public Builder any(String template, HttpHandler handler) {
            definitions.add(new Definition(null, Template.of(template), handler));
            return this;
        }

        /**
         * A route.
         *
         * @throws IllegalArgumentException if the template is malformed
         */
        public Builder route(HttpMethod method, String template, HttpHandler handler) {
            definitions.add(new Definition(method, Template.of(template), handler));
            return this;
        }

        /** A filter for all requests: see {@link #before(String, HttpHandler)}. */
        public Builder before(HttpHandler filter) {
            return before("/", filter);
        }

        /**
         * A filter that is asked before the body is read and the handler called, in the order of definition. If it
         * answers, that is that. One that is {@linkplain HttpHandler#async async} or
         * {@linkplain HttpHandler#blocking blocking} is waited for.
         *
         * @param prefix whole segments: {@code /admin} stands for {@code /admin} and what is beneath, and not for
         *        {@code /administrators}
         */
        public Builder before(String prefix, HttpHandler filter) {
            before.add(new Scoped<>(Template.of(prefix).asPrefix(), filter));
            return this;
        }

        /** A filter for all responses: see {@link #after(String, HttpHandler)}. */
        public Builder after(HttpHandler filter) {
            return after("/", filter);
        }

        /**
         * A filter that is asked when a response's head is about to be sent, of whatever status: it may look at request
         * and status and set headers. It must not answer, nor wait. If it throws, that is answered instead.
         */
        public Builder after(String prefix, HttpHandler filter) {
            if (filter instanceof Handlers.Later) {
                throw new IllegalArgumentException("after " + prefix
                        + ": the response does not wait for this filter; give it one that is neither async nor blocking");
            }
            after.add(new Scoped<>(Template.of(prefix).asPrefix(), filter));
            return this;
        }

        /** A filter for all failures of a type: see {@link #error(String, Class, ErrorMapper)}. */
        public <T extends Throwable> Builder error(Class<T> type, ErrorMapper<? super T> mapper) {
            return error("/", type, mapper);
        }

        /**
         * A filter that answers failures: of filters and handlers, async and blocking ones too, of
         * {@link HttpResponse#fail}, and those of the router and the body (an {@link HttpException} of status 404, 405,
         * 400, 413…). The first one whose type fits is asked; what it throws goes to those behind it.
         */
        public <T extends Throwable> Builder error(String prefix, Class<T> type, ErrorMapper<? super T> mapper) {
            errors.add(new Scoped<>(Template.of(prefix).asPrefix(), new Mapped<>(type, mapper)));
            return this;
        }

        /**
         * All of another router beneath a prefix. Its filters hold for every path there: {@code before} behind this
         * router's, {@code after} and {@code error} ahead of them.
         *
         * @param prefix may have names
         */
        public Builder mount(String prefix, Router router) {
            Template mount = Template.of(prefix).asPrefix();
            for (Definition definition : router.definitions) {
                definitions.add(new Definition(definition.method(), definition.template().under(mount),
                        definition.handler()));
            }
            router.before.forEach(filter -> mountedBefore.add(filter.under(mount)));
            router.after.forEach(filter -> mountedAfter.add(filter.under(mount)));
            router.errors.forEach(filter -> mountedErrors.add(filter.under(mount)));
            return this;
        }

        /**
         * The router; what is added later is not in it.
         *
         * @throws IllegalArgumentException if two routes match the same paths and method
         */
        public Router build() {
            return new Router(this);
        }
    }
}
