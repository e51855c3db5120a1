// Reads an ExportLogsServiceRequest as JSON from stdin with the code that OpenTelemetry's own makers generate from the
// published .proto files, and prints it as it was understood. Usage: node read_otlp.js PACKAGE_DIRECTORY
const { opentelemetry } = require(process.argv[2] + '/build/src/generated/root.js');
const request = opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
const message = request.fromObject(JSON.parse(require('fs').readFileSync(0, 'utf8')));
const read = request.decode(request.encode(message).finish());
process.stdout.write(JSON.stringify(request.toObject(read, { longs: String, json: true })));
