package io.solaster.boot.web.sample;

import java.util.Map;
import java.util.TreeMap;

import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.ResponseCookie;
import org.springframework.http.codec.multipart.FilePart;
import org.springframework.http.codec.multipart.FormFieldPart;
import org.springframework.http.codec.multipart.Part;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.CookieValue;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebSession;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Everything else that a request may be about. */
@RestController
final class MiscController {
    private final Sample.Watch watch;

    MiscController(Sample.Watch watch) {
        this.watch = watch;
    }

    @GetMapping("/hello")
    String hello(@RequestParam(defaultValue = "World") String name) {
        watch.here();
        return "Hello, " + name + "!";
    }

    @GetMapping("/large")
    String large() {
        return "large ".repeat(10_000);
    }

    @GetMapping("/elsewhere")
    Mono<String> elsewhere() {
        return Mono.fromSupplier(() -> "from " + Thread.currentThread().getName())
                .subscribeOn(Schedulers.boundedElastic());
    }

    @GetMapping("/nothing")
    Mono<Void> nothing() {
        return Mono.empty();
    }

    @GetMapping("/fail")
    Mono<String> fail() {
        return Mono.error(new IllegalStateException("on purpose"));
    }

    @GetMapping("/throw")
    String thrown() {
        throw new IllegalStateException("on purpose");
    }

    @GetMapping("/never")
    Mono<String> never() {
        return Mono.never();
    }

    @GetMapping("/cookies")
    Mono<String> cookies(@CookieValue(defaultValue = "none") String taste, ServerHttpResponse response) {
        response.addCookie(ResponseCookie.from("a", "1").httpOnly(true).path("/").sameSite("Lax").build());
        response.addCookie(ResponseCookie.from("b", "2").maxAge(60).build());
        return Mono.just(taste);
    }

    @GetMapping("/session")
    Mono<String> session(WebSession session) {
        int visits = session.getAttributeOrDefault("visits", 0) + 1;
        session.getAttributes().put("visits", visits);
        return Mono.just("visit " + visits);
    }

    @GetMapping("/about")
    Map<String, String> about(ServerHttpRequest request) {
        Map<String, String> about = new TreeMap<>();
        about.put("uri", request.getURI().toString());
        about.put("path", request.getPath().value());
        about.put("query", request.getQueryParams().toString());
        about.put("many", String.valueOf(request.getHeaders().get("x-MANY")));
        about.put("remote",
                String.valueOf(request.getRemoteAddress() == null ? null : request.getRemoteAddress().getHostString()));
        about.put("local",
                String.valueOf(request.getLocalAddress() == null ? null : request.getLocalAddress().getPort()));
        about.put("ssl",
                request.getSslInfo() == null
                        ? "none"
                        : request.getSslInfo().getPeerCertificates() == null ? "server" : "mutual");
        return about;
    }

    @PostMapping("/form")
    Mono<String> form(ServerWebExchange exchange) {
        return exchange.getFormData().map(MultiValueMap::toString);
    }

    @PostMapping("/json")
    Mono<Map<String, Object>> json(@RequestBody Mono<Map<String, Object>> body) {
        return body;
    }

    @PostMapping("/upload")
    Mono<String> upload(@RequestPart("title") String title, @RequestPart("file") Flux<FilePart> files) {
        return files.concatMap(file -> file.content().map(part -> {
            int bytes = part.readableByteCount();
            DataBufferUtils.release(part);
            return bytes;
        }).reduce(0, Integer::sum).map(size -> file.filename() + "=" + size)).collectList()
                .map(sizes -> title + " " + sizes);
    }

    /** Parts as they come. */
    @PostMapping("/parts")
    Flux<String> parts(@RequestBody Flux<Part> parts) {
        return parts.concatMap(part -> part instanceof FormFieldPart field
                ? Mono.just(field.name() + "=" + field.value() + ";")
                : part.content().doOnNext(DataBufferUtils::release).count().map(count -> part.name() + ";"));
    }
}
