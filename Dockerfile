# A static binary on an empty base, run by nobody.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOEXPERIMENT=jsonv2 go build -trimpath -ldflags '-s -w' -o /out/linearbot ./cmd/linearbot \
 && mkdir -p /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/linearbot /linearbot
COPY --from=build --chown=nonroot:nonroot /out/data /data
ENV LINEARBOT_STATE=file:/data
VOLUME /data
EXPOSE 3000
USER nonroot
ENTRYPOINT ["/linearbot"]
CMD ["serve"]
