package io.solaster.http.readme;

import java.nio.file.Path;
import java.util.UUID;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.Form;
import io.solaster.http.HttpHandler;
import io.solaster.http.JacksonCodec;
import io.solaster.http.Json;
import io.solaster.http.body.Multipart;
import io.solaster.http.body.Part;
import io.solaster.http.route.Router;
import tools.jackson.databind.json.JsonMapper;

final class BodiesExample {

    private BodiesExample() {}

    record Order(String item, int count) {}

    static Router run(JsonMapper mapper, Path photos) {
        Json json = new Json(new JacksonCodec(mapper));
        return Router.builder()
                .post("/orders", (request, response) -> {
                    Order order = json.read(request, Order.class); // 415, or 400 with line and column
                    int times = request.queryInt("times", 1); // 400 names parameter and value
                    json.send(request, response.status(HttpResponseStatus.CREATED),
                            new Order(order.item(), times * order.count()));
                })
                .post("/contact", (request, response) -> {
                    Form form = Form.of(request);
                    response.send(form.required("name") + " is " + form.getInt("age"));
                })
                // The form is read as it comes, and may be larger than max-body.
                .post("/photos", HttpHandler.streaming(HttpHandler.async((request, response) -> Multipart
                        .read(request, response)
                        .thenCompose(form -> {
                            Part photo = form.required("photo");
                            return photo.moveTo(photos.resolve(UUID.randomUUID() + ".jpg"))
                                    .thenAccept(
                                            kept -> response.send(photo.filename() + ": " + photo.size() + " bytes"));
                        }))))
                .build();
    }
}
