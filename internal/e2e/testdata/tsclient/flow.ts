// Lists, creates and reads through a generated client.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [address, token] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl: address, headers: { Authorization: "Bearer " + token } });

const teams = await api.GET("/unified/ticketing/teams", {});
if (!teams.data) throw new Error(teams.error?.message);
const made = await api.POST("/unified/ticketing/tickets", { body: { name: "From TypeScript", team: teams.data.result[0].id } });
if (!made.data) throw new Error(made.error?.message);
const got = await api.GET("/unified/ticketing/tickets/{id}", { params: { path: { id: made.data.number } } });
const list = await api.GET("/unified/ticketing/tickets", {
  params: { query: { "status[name]": "open", limit: "5", "sort_by[created_at]": "desc" } },
});
if (list.data?.result[0].status?.name !== "open") throw new Error("the list is not as asked");
console.log(got.data?.number, got.data?.name);
