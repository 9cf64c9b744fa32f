"""The story of a revisit, one chapter a module; read them in this order.

1.  `import_policies`      policies come in, dates are worked out, samples are drawn
2.  `place_call`           due → claimed → dialled (with `gather_facts`, `fill_script`)
3.  `follow_call`          what the wire says becomes what the records say
4.  `conduct_interview`    the agent reads, the customer answers
5.  `finish_attempt`       every attempt gets its one outcome
6.  `keep_recording`       sound sealed, stored, read back
7.  `open_ticket`          what failed or was complained of gets its ticket
8.  `issue_tickets`        the daily extraction sends it down, its clock starts
9.  `hand_down_ticket`     city → county or department → salesperson, who signs
10. `reply_from_below`     the reply is written, looked over (`check_reply`), sent up; with papers (`attach_to_ticket`)
11. `check_ticket`         the third level checks it, the branch accepts it
12. `answer_ticket`        it is answered, and the case is dialled again
13. `close_case`           nothing closes without its proof (`prove_case`)

At the side: `staff_the_floor`, `listen_in`, `log_in`, `access`, `case_file`, `look_at_tickets`, `look_at_desk`,
`write_down`, `offer_appointment`, `search`, `hear_recordings`, `explain_case`, `keep_the_pool`, `judge_refusal`,
`finish_forgotten`, `settle_waiting`; what the site decides is in `rulebook`.
"""
