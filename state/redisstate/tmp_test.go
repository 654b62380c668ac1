package redisstate
import ("testing";"fmt";"strings";"time";"syscall")
func cpu() time.Duration { var r syscall.Rusage; syscall.Getrusage(0,&r); return time.Duration(r.Utime.Nano()+r.Stime.Nano()) }
func BenchmarkTmp(b *testing.B) {
	url:="redis://127.0.0.1:7999/0"
	for _, o := range []Options{{}, {AutoPipeline:true}} {
	for _, lanes := range []int{1000,100000} {
		s := openAt(b, url, o)
		s.client.FlushAll(b.Context())
		srv := func() float64 { i,_ := s.client.Info(b.Context(),"cpu").Result(); var u,y float64; for l := range strings.Lines(i) { fmt.Sscanf(l,"used_cpu_user:%f",&u); fmt.Sscanf(l,"used_cpu_sys:%f",&y)}; return u+y}
		step := func(name string, f func()) {
			s.client.ConfigResetStat(b.Context())
			c0,s0,t0 := cpu(),srv(),time.Now()
			f()
			el := time.Since(t0)
			info,_ := s.client.Info(b.Context(),"commandstats").Result()
			fmt.Printf("%s lanes=%d ap=%v: %.0f/s wall; client cpu %.1fµs server cpu %.1fµs per op\n", name, lanes,o.AutoPipeline, float64(b.N)/el.Seconds(), float64((cpu()-c0).Microseconds())/float64(b.N), (srv()-s0)*1e6/float64(b.N))
			for l := range strings.Lines(info) { if strings.Contains(l,"eval") { fmt.Print("   ",l) } }
		}
		s.agree(b.Context())
		step("enqueue", func(){ crowd(b, func(i int) error { _,err := s.Enqueue(b.Context(), work(i,lanes)); return err }) })
		step("drain", func(){ drain(b,s,b.N) })
	}}
}
