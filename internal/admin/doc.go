// Package admin is the admin API of a running bot, and of a store that no bot has
// open: traces, lanes, dead letters and scheduled posts as JSON. The commands
// explain, deliveries, dead, scheduled, state and replay are its clients.
//
//	GET  /admin/v1/status                the state of the process: what its server, bot and stores count
//	GET  /admin/v1/explain?q=            the traces that something is about, as stories
//	GET  /admin/v1/deliveries            traces; since, status, thread, workspace, limit
//	GET  /admin/v1/deliveries/follow     the parts that end from now on, as server-sent events
//	GET  /admin/v1/lanes                 the lanes that hold anything; limit
//	GET  /admin/v1/delayed               what waits outside the lanes, the next one first; limit
//	GET  /admin/v1/dead                  the dead letters, newest first; limit
//	GET  /admin/v1/dead/show?id=         one of them, with its stack and its trace
//	POST /admin/v1/dead/requeue          {"id": …} or {"all": true}
//	POST /admin/v1/dead/drop             the same
//	GET  /admin/v1/scheduled             the scheduled posts
//	POST /admin/v1/scheduled/cancel      {"id": …}
//	POST /admin/v1/replay                {"id": …}: handle it again
//	GET  /admin/v1/body?id=              the signed body of a delivery, for a replay elsewhere
//
// An error is {"error": "a sentence"}. Answers are bounded: a list has at most
// [MaxList] entries and says in "more" if there are others. Nothing shows what
// people wrote, except body, and traces if they keep texts.
//
// A request from a network needs the token, as "Authorization: Bearer …". A unix
// socket has its file mode instead. Changes are POST requests with a JSON body,
// which no form of a web page can send. Further pages, such as metrics, profiles
// or a console, are mounted with [Config.Pages]; the token protects them, too.
package admin
