// Reads {"headers": {...}, "body": "..."} of one request from stdin by the npm package cloudevents (whose folder is the
// argument), lets it validate each event, and prints them as a JSON array.
const { HTTP } = require(process.argv[2]);
const message = JSON.parse(require("fs").readFileSync(0, "utf8"));
const events = [HTTP.toEvent(message)].flat();
for (const event of events) {
    if (!event.validate()) throw new Error("not a valid CloudEvent: " + event.id);
}
console.log(JSON.stringify(events));
