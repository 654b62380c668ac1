package redisstate
import ("testing";"fmt";"strings";"time";"github.com/linearbot/linearbot/state")
func BenchmarkPhase(b *testing.B) {
	if b.N < 1000 { return }
	url:="redis://127.0.0.1:7999/0"
	lanes := 100000
		s := openAt(b, url, Options{})
		s.client.FlushAll(b.Context())
		step := func(name string, f func()) {
			s.client.ConfigResetStat(b.Context())
			t0 := time.Now()
			f()
			el := time.Since(t0)
			info,_ := s.client.Info(b.Context(),"commandstats").Result()
			fmt.Printf("%s: %.0f/s wall\n", name, float64(b.N)/el.Seconds())
			for l := range strings.Lines(info) { if strings.Contains(l,"eval") { var c,u float64; i:=strings.Index(l,"calls="); fmt.Sscanf(l[i:],"calls=%f,usec=%f",&c,&u); fmt.Printf("   %.2f µs/entry  %s",u/float64(b.N),l) } }
		}
		s.agree(b.Context())
		step("enqueue", func(){ crowd(b, func(i int) error { _,err := s.Enqueue(b.Context(), work(i,lanes)); return err }) })
		var all []*state.Lease
		step("lease", func(){ for len(all)<b.N { ls,err := s.Lease(b.Context(), state.LeaseRequest{TTL:time.Minute,Lanes:64}); if err!=nil {b.Fatal(err)}; all=append(all,ls...) } })
		step("settle", func(){ crowd(b, func(i int) error { l:=all[i-1]; return s.Settle(b.Context(), l, state.Ack(l.Entries[0].ID)) }) })
}
