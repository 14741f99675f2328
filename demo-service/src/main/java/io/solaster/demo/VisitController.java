package io.solaster.demo;

import java.util.concurrent.CompletableFuture;

import io.solaster.demo.Visits.Visit;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** A controller of Spring MVC as any other: the state behind it lives on the shards. */
@RestController
class VisitController {
    private final Visits visits;

    VisitController(Visits visits) {
        this.visits = visits;
    }

    @GetMapping("/visits/{name}")
    CompletableFuture<Visit> visit(@PathVariable String name) {
        return visits.of(name);
    }
}
