# A static binary on an empty base, run by an unprivileged user.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /out/linearbot ./cmd/linearbot \
 && mkdir -p /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/linearbot /linearbot
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
ENV LINEARBOT_STATE=file:/data LINEARBOT_TICKETING_STATE=file:/data/tickets
VOLUME /data
EXPOSE 3000
USER 65532:65532
ENTRYPOINT ["/linearbot"]
CMD ["serve"]
